"""What somebody should look at."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from core.clock import milliseconds
from core.querysets import WorkspaceQuerySet


class Alert(models.Model):
    """Plain columns instead of keys: an alert outlives its agent, its task and its run."""

    class Severity(models.TextChoices):
        INFO = "INFO"
        WARNING = "WARNING"
        ERROR = "ERROR"
        CRITICAL = "CRITICAL"

    class Status(models.TextChoices):
        OPEN = "OPEN"
        ACKNOWLEDGED = "ACKNOWLEDGED"
        RESOLVED = "RESOLVED"
        IGNORED = "IGNORED"

    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False)
    severity = models.CharField(max_length=8, choices=Severity)
    type = models.CharField(max_length=40)
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True, default="")
    # What it is about, in one word: two open alerts are never about the same.
    about = models.CharField(max_length=100)
    agent_id = models.BigIntegerField(null=True)
    task_id = models.BigIntegerField(null=True)
    run_id = models.BigIntegerField(null=True)
    status = models.CharField(max_length=12, choices=Status, default=Status.OPEN)
    # As the log writes an actor: `user:3`, `key:1`.
    acknowledged_by = models.CharField(max_length=80, null=True)  # noqa: DJ001 - the contract tells null from empty
    acknowledged_at = models.DateTimeField(null=True)
    resolved_at = models.DateTimeField(null=True)
    resolution_note = models.TextField(null=True)  # noqa: DJ001 - as above
    metadata = models.JSONField(default=dict)
    created_at = models.DateTimeField()

    objects = WorkspaceQuerySet["Alert"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "about"], condition=Q(status="OPEN"), name="alert_open_once_about_the_same"
            )
        ]
        indexes = [
            models.Index(fields=["workspace", "-id"], name="alert_newest"),
            models.Index(fields=["workspace", "severity"], condition=Q(status="OPEN"), name="alert_open"),
            models.Index(fields=["workspace", "agent_id", "-id"], name="alert_of_agent"),
        ]

    def __str__(self) -> str:
        return f"{self.severity} {self.title}"

    def facts(self) -> dict[str, Any]:
        """What the log keeps of an alert, times in milliseconds."""
        return {
            "id": self.pk,
            "severity": self.severity,
            "type": self.type,
            "title": self.title,
            "description": self.description,
            "agent_id": self.agent_id,
            "task_id": self.task_id,
            "run_id": self.run_id,
            "status": self.status,
            "acknowledged_by": self.acknowledged_by,
            "acknowledged_at": self.acknowledged_at and milliseconds(self.acknowledged_at),
            "resolved_at": self.resolved_at and milliseconds(self.resolved_at),
            "resolution_note": self.resolution_note,
            "metadata": self.metadata,
            "created_at": milliseconds(self.created_at),
        }
