"""What agents ask leave for, and who gave it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Q

from agents.models import Agent
from core.clock import milliseconds
from core.querysets import WorkspaceQuerySet
from tasks.models import Task
from tokens.models import ToolCall

URGENT = timedelta(hours=1)


class ApprovalQuerySet(WorkspaceQuerySet["Approval"]):
    def pending(self) -> Self:
        return self.filter(status=Approval.Status.PENDING)

    def decidable(self, now: datetime) -> Self:
        return self.pending().filter(expires_at__gt=now)

    def undecided_at(self, now: datetime) -> Self:
        """Nobody decided them in time."""
        return self.pending().filter(expires_at__lte=now)

    def urgent(self, now: datetime) -> Self:
        return self.pending().filter(expires_at__gt=now, expires_at__lte=now + URGENT)

    def decidable_by_lead(self, agent: Agent) -> Self:
        """What a lead may decide: yellow ones of others, without money and without the end of a task."""
        rows = self.filter(risk_level=Approval.Risk.YELLOW).exclude(requestor=agent)
        return rows.exclude(action_type=Approval.ActionType.BUDGET_OVERRIDE).exclude(
            action_type=Approval.ActionType.STATE_TRANSITION, completes=True
        )

    def usable(self, agent: Agent, now: datetime) -> Self:
        """Granted to the agent and not used up."""
        return self.filter(
            requestor=agent, status=Approval.Status.APPROVED, consumed_at=None, expires_at__gt=now
        ).order_by("id")


class Approval(models.Model):
    class ActionType(models.TextChoices):
        TOOL_EXEC = "TOOL_EXEC"
        BUDGET_OVERRIDE = "BUDGET_OVERRIDE"
        STATE_TRANSITION = "STATE_TRANSITION"
        SPAWN = "SPAWN"

    class Risk(models.TextChoices):
        YELLOW = "YELLOW"
        RED = "RED"

    class Status(models.TextChoices):
        PENDING = "PENDING"
        APPROVED = "APPROVED"
        DENIED = "DENIED"
        EXPIRED = "EXPIRED"
        CANCELED = "CANCELED"

    USUAL_TIME: ClassVar[timedelta] = timedelta(hours=24)

    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False)
    task = models.ForeignKey(Task, null=True, on_delete=models.CASCADE, related_name="approvals")
    tool_call = models.ForeignKey(ToolCall, null=True, on_delete=models.SET_NULL, related_name="approvals")
    requestor = models.ForeignKey(Agent, null=True, on_delete=models.SET_NULL, related_name="+")
    action_type = models.CharField(max_length=16, choices=ActionType)
    action_summary = models.CharField(max_length=500)
    action_payload = models.JSONField(null=True)
    # Whether it asks for the end of its task, which no agent may grant.
    completes = models.BooleanField(default=False)
    risk_level = models.CharField(max_length=6, choices=Risk)
    estimated_cost_microusd = models.BigIntegerField(null=True)
    rollback_plan = models.TextField(null=True)  # noqa: DJ001 - the contract tells null from empty
    justification = models.TextField()
    status = models.CharField(max_length=8, choices=Status, default=Status.PENDING)
    # The first of two people, where the policy wants two.
    seconded_by = models.CharField(max_length=80, null=True)  # noqa: DJ001 - as above
    seconded_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=80, null=True)  # noqa: DJ001 - as above
    decided_by_agent = models.ForeignKey(Agent, null=True, on_delete=models.SET_NULL, related_name="+")
    decided_at = models.DateTimeField(null=True)
    decision_reason = models.TextField(null=True)  # noqa: DJ001 - as above
    # When the action that it allows was done.
    consumed_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField()
    # Who asked, as the log writes actors, and under which key: nobody asks twice under one key.
    requested_by = models.CharField(max_length=80)
    idempotency_key = models.CharField(max_length=255, null=True)  # noqa: DJ001 - as above
    created_at = models.DateTimeField()

    objects = ApprovalQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["task", "action_type"], condition=Q(status="PENDING"), name="approval_pending_once_per_task"
            ),
            models.UniqueConstraint(
                fields=["workspace", "requested_by", "idempotency_key"], name="approval_requested_once"
            ),
        ]
        indexes = [
            models.Index(fields=["workspace", "-id"], name="approval_newest"),
            models.Index(fields=["expires_at"], condition=Q(status="PENDING"), name="approval_pending"),
            models.Index(fields=["requestor", "status"], name="approval_of_agent"),
        ]

    def __str__(self) -> str:
        return f"approval {self.pk}: {self.action_type} {self.status}"

    @property
    def is_pending(self) -> bool:
        return self.status == self.Status.PENDING

    def is_late(self, now: datetime) -> bool:
        return self.is_pending and self.expires_at <= now

    def may_be_decided_by_lead(self, agent: Agent) -> bool:
        """As `decidable_by_lead`, of this one."""
        kinds = self.ActionType
        if self.risk_level != self.Risk.YELLOW or self.requestor_id == agent.pk:
            return False
        return self.action_type != kinds.BUDGET_OVERRIDE and not (
            self.action_type == kinds.STATE_TRANSITION and self.completes
        )

    def facts(self) -> dict[str, Any]:
        """What the log keeps, times in milliseconds. The payload stays out: not everybody may see it."""
        return {
            "id": self.pk,
            "task_id": self.task_id,
            "tool_call_id": self.tool_call_id,
            "requestor_id": self.requestor_id,
            "action_type": self.action_type,
            "action_summary": self.action_summary,
            "risk_level": self.risk_level,
            "estimated_cost_microusd": self.estimated_cost_microusd,
            "rollback_plan": self.rollback_plan,
            "justification": self.justification,
            "status": self.status,
            "seconded_by": self.seconded_by,
            "seconded_at": self.seconded_at and milliseconds(self.seconded_at),
            "decided_by": self.decided_by,
            "decided_at": self.decided_at and milliseconds(self.decided_at),
            "decision_reason": self.decision_reason,
            "expires_at": milliseconds(self.expires_at),
            "created_at": milliseconds(self.created_at),
        }
