"""Conversations between people and agents, as messages and as the counts that lists are made of."""

from __future__ import annotations

from typing import Any, Self

from django.db import models
from django.db.models import Q

from core.clock import milliseconds
from core.querysets import WorkspaceQuerySet

# Conversations of agents among themselves.
AGENT_PREFIXES = ("a2a:", "coord:", "session:", "agent_")
COORDINATOR_INBOX = "coordinator-inbox"
LONGEST_KEY = 500


class Conversation(models.Model):
    """Made by its first message. `key` is the name that clients give it; the rest follows its messages."""

    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=LONGEST_KEY)
    created_at = models.DateTimeField()
    last_message_at = models.DateTimeField()
    last_message_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "key"], name="conversation_key")]
        indexes = [models.Index(fields=["workspace", "-last_message_at", "-id"], name="conversation_newest")]

    def __str__(self) -> str:
        return self.key


class PairQuerySet(models.QuerySet["Pair"]):
    def seen_by(self, name: str) -> Self:
        """What somebody said, was told, or could hear with everybody."""
        return self.filter(Q(from_agent=name) | Q(to_agent=name) | Q(to_agent=Pair.EVERYBODY))


class Pair(models.Model):
    """How much one said to another in a conversation: counted as it happens, since messages are too many to count."""

    EVERYBODY = ""

    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="pairs", db_index=False)
    from_agent = models.CharField(max_length=200)
    to_agent = models.CharField(max_length=200, blank=True)
    is_between_agents = models.BooleanField(default=False)
    message_count = models.PositiveIntegerField(default=0)
    unread_count = models.PositiveIntegerField(default=0)
    last_message_at = models.DateTimeField()

    objects = PairQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["conversation", "from_agent", "to_agent", "is_between_agents"], name="pair_in_conversation"
            )
        ]
        indexes = [
            models.Index(fields=["workspace", "from_agent", "conversation", "last_message_at"], name="pair_from"),
            models.Index(fields=["workspace", "to_agent", "conversation", "last_message_at"], name="pair_to"),
        ]

    def __str__(self) -> str:
        return f"{self.from_agent} to {self.to_agent or 'everybody'}"


class Line(models.Model):
    """How much one said to another, in all conversations together."""

    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False)
    from_agent = models.CharField(max_length=200)
    to_agent = models.CharField(max_length=200, blank=True)
    is_between_agents = models.BooleanField(default=False)
    message_count = models.PositiveBigIntegerField(default=0)
    last_message_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "from_agent", "to_agent", "is_between_agents"], name="line_of_workspace"
            )
        ]
        indexes = [models.Index(fields=["workspace", "to_agent"], name="line_to")]

    def __str__(self) -> str:
        return f"{self.from_agent} to {self.to_agent or 'everybody'}"


class MessageQuerySet(WorkspaceQuerySet["Message"]):
    def in_workspace(self, workspace_id: int) -> Self:
        """With their conversations, whose keys every dialect shows."""
        return super().in_workspace(workspace_id).select_related("conversation")


class Message(models.Model):
    TEXT, STATUS = "text", "status"

    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="messages", db_index=False)
    from_agent = models.CharField(max_length=200)
    to_agent = models.CharField(max_length=200, null=True)  # noqa: DJ001 - null is everybody
    content = models.TextField()
    message_type = models.CharField(max_length=100, default=TEXT)
    metadata = models.JSONField(null=True)
    is_between_agents = models.BooleanField(default=False)
    read_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    objects = MessageQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "created_at", "id"], name="message_of_workspace"),
            models.Index(fields=["conversation", "created_at", "id"], name="message_in_conversation"),
            models.Index(fields=["workspace", "from_agent", "created_at", "id"], name="message_from"),
            models.Index(fields=["workspace", "to_agent", "created_at", "id"], name="message_to"),
            models.Index(
                fields=["workspace", "created_at", "id"],
                condition=Q(is_between_agents=True),
                name="message_between_agents",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.from_agent}: {self.content[:40]}"

    def as_row(self) -> dict[str, Any]:
        """Times in milliseconds. Ask for the conversation along with it."""
        return {
            "id": self.pk,
            "conversation_id": self.conversation.key,
            "from_agent": self.from_agent,
            "to_agent": self.to_agent,
            "content": self.content,
            "message_type": self.message_type,
            "metadata": self.metadata,
            "read_at": milliseconds(self.read_at) if self.read_at else None,
            "created_at": milliseconds(self.created_at),
            "workspace_id": self.workspace_id,
        }


class SessionPreference(models.Model):
    """How a session is shown in the list of conversations: its name and color."""

    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=200)
    name = models.CharField(max_length=200, null=True)  # noqa: DJ001 - null when none was chosen
    color = models.CharField(max_length=32, null=True)  # noqa: DJ001 - as above

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "key"], name="session_preference_key")]

    def __str__(self) -> str:
        return self.key
