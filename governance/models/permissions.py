"""What agents ask before they use a tool, and what they were told."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Q

from agents.models import Agent
from core.clock import milliseconds
from core.querysets import WorkspaceQuerySet
from tasks.models import Task
from tokens.models import Run


class PermissionQuerySet(WorkspaceQuerySet["Permission"]):
    def pending(self) -> Self:
        return self.filter(status=Permission.Status.PENDING)

    def decidable(self, now: datetime) -> Self:
        return self.pending().filter(expires_at__gt=now)

    def undecided_at(self, now: datetime) -> Self:
        """Nobody decided them in time."""
        return self.pending().filter(expires_at__lte=now)


class Permission(models.Model):
    """Inputs are kept without secrets only; whoever runs the agent keeps its own."""

    class Status(models.TextChoices):
        PENDING = "PENDING"
        APPROVED = "APPROVED"
        DENIED = "DENIED"
        EXPIRED = "EXPIRED"
        CANCELED = "CANCELED"

    class Risk(models.TextChoices):
        GREEN = "GREEN"
        YELLOW = "YELLOW"
        RED = "RED"

    class Channel(models.TextChoices):
        WEBSOCKET = "websocket"
        REST = "rest"
        DASHBOARD = "dashboard"
        MC = "mc"
        POLICY = "policy"
        SYSTEM = "system"

    USUAL_TIME: ClassVar[timedelta] = timedelta(seconds=300)
    SHORTEST: ClassVar[timedelta] = timedelta(seconds=10)
    LONGEST: ClassVar[timedelta] = timedelta(seconds=3600)

    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False)
    # What was asked outlives the agent, the task and the run.
    agent = models.ForeignKey(Agent, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    agent_slug = models.CharField(max_length=110)
    agent_name = models.CharField(max_length=200)
    task = models.ForeignKey(Task, null=True, on_delete=models.SET_NULL, related_name="+")
    run = models.ForeignKey(Run, null=True, on_delete=models.SET_NULL, related_name="+")
    tool = models.CharField(max_length=200)
    # As the runner calls this use of the tool; empty when it has no name for it.
    tool_use_id = models.CharField(max_length=200, blank=True, default="")
    input = models.JSONField(default=dict)
    risk_level = models.CharField(max_length=6, choices=Risk)
    # The policy's word on the input that was asked for.
    policy_reason = models.TextField(blank=True, default="")
    status = models.CharField(max_length=8, choices=Status, default=Status.PENDING)
    updated_input = models.JSONField(null=True)
    # As the log writes an actor: `user:3`, `key:1`, `system`.
    decided_by = models.CharField(max_length=80, null=True)  # noqa: DJ001 - the contract tells null from empty
    decided_at = models.DateTimeField(null=True)
    channel = models.CharField(max_length=9, choices=Channel, blank=True, default="")
    reason = models.TextField(null=True)  # noqa: DJ001 - as above
    expires_at = models.DateTimeField()
    requested_by = models.CharField(max_length=80)
    created_at = models.DateTimeField()

    objects = PermissionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agent", "tool_use_id"],
                condition=Q(status="PENDING") & ~Q(tool_use_id=""),
                name="permission_pending_once_per_use",
            ),
        ]
        indexes = [
            models.Index(fields=["workspace", "-id"], name="permission_newest"),
            models.Index(fields=["expires_at"], condition=Q(status="PENDING"), name="permission_pending"),
            models.Index(fields=["agent", "-id"], name="permission_of_agent"),
        ]

    def __str__(self) -> str:
        return f"permission {self.pk}: {self.tool} {self.status}"

    @property
    def is_pending(self) -> bool:
        return self.status == self.Status.PENDING

    @property
    def approved(self) -> bool | None:
        """None while nobody has decided; what ran out of time or was canceled is not approved."""
        return None if self.is_pending else self.status == self.Status.APPROVED

    def is_late(self, now: datetime) -> bool:
        return self.is_pending and self.expires_at <= now

    def facts(self) -> dict[str, Any]:
        """What dialects show of it, times in milliseconds."""
        return {
            "id": self.pk,
            "agent_id": self.agent_id,
            "slug": self.agent_slug,
            "task_id": self.task_id,
            "run_id": self.run_id,
            "tool": self.tool,
            "tool_use_id": self.tool_use_id,
            "input": self.input,
            "risk_level": self.risk_level,
            "status": self.status,
            "approved": self.approved,
            "updated_input": self.updated_input,
            "decided_by": self.decided_by,
            "decided_at": self.decided_at and milliseconds(self.decided_at),
            "channel": self.channel,
            "reason": self.reason,
            "expires_at": milliseconds(self.expires_at),
            "created_at": milliseconds(self.created_at),
        }
