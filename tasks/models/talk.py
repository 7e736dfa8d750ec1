"""What is said about a task: comments, who was named in them, who listens, and the verdicts on its quality."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils import timezone

from core.clock import milliseconds

from .keyed import Keyed, once_under_a_key
from .task import Task


class Comment(Keyed):
    class Type(models.TextChoices):
        COMMENT = "COMMENT"
        WORK_PLAN = "WORK_PLAN"
        PROGRESS = "PROGRESS"
        ARTIFACT = "ARTIFACT"
        REVIEW = "REVIEW"
        APPROVAL_REQUEST = "APPROVAL_REQUEST"

    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False)
    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="comments")
    author = models.CharField(max_length=200)
    content = models.TextField()
    parent = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="replies")
    mentions = models.JSONField(default=list)
    type = models.CharField(max_length=16, choices=Type, default=Type.COMMENT)
    # As the log writes an actor: `agent:12`, `user:3`, `system`.
    actor = models.CharField(max_length=80, blank=True, default="")
    artifacts = models.JSONField(default=list)
    metadata = models.JSONField(default=dict)
    redacted_fields = models.JSONField(default=list)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [once_under_a_key("message_once")]
        indexes = [
            models.Index(fields=["workspace", "created_at"], name="comment_recent"),
            models.Index(fields=["workspace", "author", "-created_at", "-id"], name="comment_of_author"),
        ]

    def __str__(self) -> str:
        return f"{self.author}: {self.content[:40]}"

    def as_row(self) -> dict[str, Any]:
        return {
            "id": self.pk,
            "task_id": self.task_id,
            "author": self.author,
            "content": self.content,
            "created_at": milliseconds(self.created_at),
            "parent_id": self.parent_id,
            "mentions": self.mentions,
            "workspace_id": self.workspace_id,
        }


class Mention(models.Model):
    """Who was named in a comment, by exact name: what an agent's heartbeat looks up."""

    comment = models.ForeignKey(Comment, on_delete=models.CASCADE, related_name="+")
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False)
    name = models.CharField(max_length=200)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["workspace", "name", "-created_at"], name="mention_of_name")]

    def __str__(self) -> str:
        return self.name


class Subscription(models.Model):
    """Who hears of new comments on a task."""

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="subscriptions", db_index=False)
    name = models.CharField(max_length=200)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["task", "name"], name="subscription_once_per_task")]

    def __str__(self) -> str:
        return f"{self.name} on {self.task_id}"


class Review(models.Model):
    """A verdict on a task's quality. The newest one by `aegis` opens or shuts the gate to done."""

    class Verdict(models.TextChoices):
        APPROVED = "approved"
        REJECTED = "rejected"

    GATEKEEPER = "aegis"

    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False)
    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="reviews", db_index=False)
    reviewer = models.CharField(max_length=200)
    status = models.CharField(max_length=10, choices=Verdict)
    notes = models.TextField(blank=True)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["task", "reviewer", "-id"], name="review_newest")]

    def __str__(self) -> str:
        return f"{self.reviewer}: {self.status}"
