"""What agents spend. Money is whole micro-dollars; sums are kept by the hour in the transaction of each row."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q

from core.clock import milliseconds
from core.querysets import WorkspaceQuerySet

MICRO = 1_000_000
# Ten billion dollars: nine hundred such sums still add up within 64 bits.
LARGEST_SUM = 10**16


class TokenUsageQuerySet(WorkspaceQuerySet["TokenUsage"]):
    def since(self, moment: datetime | None) -> Self:
        return self if moment is None else self.filter(at__gte=moment)


class TokenUsage(models.Model):
    """One report. Plain columns instead of keys: a report outlives its task and its agent."""

    workspace_id = models.BigIntegerField()
    model = models.CharField(max_length=200)
    session_id = models.CharField(max_length=512)
    agent_name = models.CharField(max_length=512)
    input_tokens = models.BigIntegerField()
    output_tokens = models.BigIntegerField()
    cost_microusd = models.BigIntegerField()
    operation = models.CharField(max_length=100)
    duration_ms = models.FloatField(null=True)
    task_id = models.BigIntegerField(null=True)
    project_id = models.BigIntegerField(null=True)
    at = models.DateTimeField()

    objects = TokenUsageQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["workspace_id", "at"], name="usage_at"),
            models.Index(fields=["workspace_id", "agent_name", "at"], name="usage_of_agent"),
            models.Index(fields=["task_id"], condition=Q(task_id__isnull=False), name="usage_of_task"),
        ]

    def __str__(self) -> str:
        return f"{self.session_id}: {self.input_tokens}+{self.output_tokens} of {self.model}"

    def as_record(self) -> dict[str, object]:
        """The legacy dialect's token record; `duration` only when it was reported."""
        record: dict[str, object] = {
            "id": f"db-{self.pk}",
            "model": self.model,
            "sessionId": self.session_id,
            "agentName": self.agent_name,
            "timestamp": milliseconds(self.at),
            "inputTokens": self.input_tokens,
            "outputTokens": self.output_tokens,
            "totalTokens": self.input_tokens + self.output_tokens,
            "cost": self.cost_microusd / MICRO,
            "operation": self.operation,
            "taskId": self.task_id,
            "workspaceId": self.workspace_id,
        }
        if self.duration_ms is not None:
            record["duration"] = self.duration_ms
        return record


class Rollup(models.Model):
    """Sums of usage for one key of one dimension in one span of time.

    Totals are kept by the hour, the other dimensions by the day (UTC), tasks and sessions for all time (`starts` = 0).
    `part` splits a key: the sums of an agent are kept by model, and its sessions by what follows its name; `last` says
    when a session was last heard of, in milliseconds.
    """

    class Dimension(models.TextChoices):
        TOTAL = "total"
        MODEL = "model"
        AGENT = "agent"
        PROJECT = "project"
        TASK = "task"
        SESSION = "session"

    workspace_id = models.BigIntegerField()
    dimension = models.CharField(max_length=8, choices=Dimension)
    starts = models.BigIntegerField()  # Unix seconds
    key = models.CharField(max_length=512, blank=True)
    part = models.CharField(max_length=520, blank=True, default="")
    last = models.BigIntegerField(default=0)
    input_tokens = models.BigIntegerField(default=0)
    output_tokens = models.BigIntegerField(default=0)
    cost_microusd = models.BigIntegerField(default=0)
    requests = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace_id", "dimension", "starts", "key", "part"], name="rollup_once"),
        ]
        indexes = [
            models.Index(
                fields=["workspace_id", "last", "key"], condition=Q(dimension="session"), name="rollup_sessions"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.dimension} {self.key} {self.starts}"


class PriceOverride(models.Model):
    """A price that this deployment really pays, in micro-dollars per million tokens; wins over the public list."""

    model = models.CharField(max_length=200, unique=True)
    input_microusd = models.BigIntegerField()
    output_microusd = models.BigIntegerField()

    def __str__(self) -> str:
        return self.model


class Budget(models.Model):
    """What a workspace means to spend in a calendar month (UTC)."""

    workspace = models.OneToOneField("accounts.Workspace", on_delete=models.CASCADE, related_name="budget")
    month_microusd = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.workspace_id}: {self.month_microusd / MICRO:.2f} USD a month"
