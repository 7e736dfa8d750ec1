"""What agents say and do while they work, what they hand on, and what people tell them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from django.db import models
from django.db.models import Q

from core.clock import milliseconds
from core.querysets import WorkspaceQuerySet

LONGEST_KEY = 128


class Session(models.Model):
    """One process of an agent, as its runner names it. `seen` are the numbers of the items that were taken, as spans
    `[first, last]` in order: what comes again is passed over."""

    agent = models.ForeignKey("agents.Agent", on_delete=models.CASCADE, related_name="sessions", db_index=False)
    key = models.CharField(max_length=LONGEST_KEY)
    # What the agent's own program calls it.
    session_id = models.CharField(max_length=200, blank=True, default="")
    # A plain column: a session outlives its runs.
    run_id = models.BigIntegerField(null=True)
    seen = models.JSONField(default=list)
    last_event_id = models.BigIntegerField(default=0)
    started_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agent", "key"], name="session_once_per_agent")]
        indexes = [models.Index(fields=["last_at"], name="session_last_heard_of")]

    def __str__(self) -> str:
        return f"{self.agent_id}: {self.key}"


class EntryQuerySet(WorkspaceQuerySet["Entry"]):
    def of(self, agent_id: int) -> Self:
        """The newest first."""
        return self.filter(agent_id=agent_id).order_by("-id")


class Entry(models.Model):
    """One thing that an agent said or did, as it stands in its log; without secrets."""

    class Kind(models.TextChoices):
        TEXT = "text"
        TOOL = "tool"
        TOOL_RESULT = "tool_result"
        ERROR = "error"
        USER = "user"

    workspace_id = models.BigIntegerField()
    agent = models.ForeignKey("agents.Agent", on_delete=models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=11, choices=Kind)
    # Of a tool its input, as JSON; of its result the result.
    text = models.TextField(blank=True)
    hidden = models.BooleanField(default=False)
    tool = models.CharField(max_length=200, blank=True, default="")
    tool_use_id = models.CharField(max_length=200, blank=True, default="")
    is_error = models.BooleanField(default=False)
    author = models.CharField(max_length=200, blank=True, default="")
    session_key = models.CharField(max_length=LONGEST_KEY, blank=True, default="")
    run_id = models.BigIntegerField(null=True)
    tool_call_id = models.BigIntegerField(null=True)
    at = models.DateTimeField()

    objects = EntryQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["agent", "-id"], name="entry_of_agent"),
            models.Index(
                fields=["agent", "tool_use_id"], condition=Q(tool_call_id__isnull=False), name="entry_of_tool_use"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk} of {self.agent_id}"

    def snapshot(self) -> dict[str, Any]:
        """What the event log keeps of it."""
        return {
            "id": self.pk, "ts": milliseconds(self.at), "kind": self.kind, "text": self.text, "hidden": self.hidden,
        }  # fmt: skip


class Todos(models.Model):
    """What an agent means to do, as it last said: `{content, status}` each."""

    agent = models.OneToOneField("agents.Agent", on_delete=models.CASCADE, related_name="todos", primary_key=True)
    items = models.JSONField(default=list)
    updated_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.agent_id}: {len(self.items)}"


class Delegation(models.Model):
    """Work that an agent has handed to a role, under the id that its runner gave it."""

    class Status(models.TextChoices):
        PENDING = "pending"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        CANCELED = "canceled"

    agent = models.ForeignKey("agents.Agent", on_delete=models.CASCADE, related_name="delegations", db_index=False)
    delegation_id = models.CharField(max_length=LONGEST_KEY)
    to_role = models.CharField(max_length=200)
    # Who does it, when that is an agent that is known here.
    to_agent = models.ForeignKey("agents.Agent", null=True, on_delete=models.SET_NULL, related_name="+")
    # The runner's id of the one that this is a part of.
    parent = models.CharField(max_length=LONGEST_KEY, blank=True, default="")
    status = models.CharField(max_length=8, choices=Status)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agent", "delegation_id"], name="delegation_once_per_agent"),
        ]

    def __str__(self) -> str:
        return f"{self.delegation_id} to {self.to_role}: {self.status}"


class SpawnRequestQuerySet(WorkspaceQuerySet["SpawnRequest"]):
    def pending(self) -> Self:
        return self.filter(status=SpawnRequest.Status.PENDING)

    def due(self, now: datetime) -> Self:
        return self.pending().filter(expires_at__lte=now)


class SpawnRequest(models.Model):
    """An agent's wish for others beside it: `agents` are `{name, role, task}` each."""

    class Status(models.TextChoices):
        PENDING = "pending"
        APPROVED = "approved"
        DENIED = "denied"
        EXPIRED = "expired"

    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False)
    agent = models.ForeignKey("agents.Agent", on_delete=models.CASCADE, related_name="+")
    agents = models.JSONField(default=list)
    reason = models.CharField(max_length=2000, blank=True, default="")
    status = models.CharField(max_length=8, choices=Status, default=Status.PENDING)
    # As the log writes an actor: `user:3`.
    decided_by = models.CharField(max_length=80, null=True)  # noqa: DJ001 - nobody, until somebody has
    decided_at = models.DateTimeField(null=True)
    decision_reason = models.CharField(max_length=500, blank=True, default="")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    objects = SpawnRequestQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "-id"], name="spawn_request_newest"),
            models.Index(fields=["expires_at"], condition=Q(status="pending"), name="spawn_request_pending"),
        ]

    def __str__(self) -> str:
        return f"spawn request {self.pk} of {self.agent_id}: {self.status}"

    def snapshot(self) -> dict[str, Any]:
        """What the event log keeps of it."""
        return {
            "id": self.pk,
            "agent_id": self.agent_id,
            "slug": self.agent.slug,
            "agents": self.agents,
            "reason": self.reason,
            "status": self.status,
            "decided_by": self.decided_by,
            "decision_reason": self.decision_reason,
            "created_at": milliseconds(self.created_at),
        }


class Message(models.Model):
    """Words for the runner of an agent, kept until it has taken them. `event_id` is their place in the event log, by
    which runners go through them."""

    workspace_id = models.BigIntegerField()
    agent = models.ForeignKey("agents.Agent", on_delete=models.CASCADE, related_name="messages", db_index=False)
    text = models.TextField()
    # As the log writes an actor, and by the name that people read.
    sender = models.CharField(max_length=80)
    author = models.CharField(max_length=200)
    event_id = models.BigIntegerField(default=0)
    created_at = models.DateTimeField()
    taken_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["agent", "event_id"], name="message_of_agent"),
            models.Index(fields=["created_at"], name="message_in_time"),
        ]

    def __str__(self) -> str:
        return f"message {self.pk} to {self.agent_id}"
