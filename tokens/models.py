"""What agents spend. Money is whole micro-dollars; sums are kept by the hour in the transaction of each row."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from django.db import models
from django.db.models import Q

from core.clock import milliseconds
from core.money import MICRO
from core.querysets import WorkspaceQuerySet

# Ten billion dollars: nine hundred such sums still add up within 64 bits.
LARGEST_SUM = 10**16
LONGEST_SESSION = 512


class TokenUsageQuerySet(WorkspaceQuerySet["TokenUsage"]):
    def since(self, moment: datetime | None) -> Self:
        return self if moment is None else self.filter(at__gte=moment)


class TokenUsage(models.Model):
    """One report. Plain columns instead of keys: a report outlives its task and its agent.

    What was said of a run before and is corrected is a row of the difference, which may be negative.
    """

    # Operations of rows that book runs.
    RUN: ClassVar[str] = "run"
    CORRECTION: ClassVar[str] = "run correction"

    workspace_id = models.BigIntegerField()
    model = models.CharField(max_length=200)
    session_id = models.CharField(max_length=LONGEST_SESSION)
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

    @property
    def requests(self) -> int:
        return 0 if self.operation == self.CORRECTION else 1

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


class RunQuerySet(WorkspaceQuerySet["Run"]):
    def cost_microusd(self) -> int:
        """What these runs cost together."""
        return int(self.aggregate(sum=models.Sum("cost_microusd"))["sum"] or 0)


class Run(models.Model):
    """One stretch of an agent's work with a model, as the agent reports it: what it took and how it ended."""

    class Status(models.TextChoices):
        RUNNING = "RUNNING"
        COMPLETED = "COMPLETED"
        FAILED = "FAILED"
        TIMEOUT = "TIMEOUT"

    class CostSource(models.TextChoices):
        REPORTED = "REPORTED"
        ESTIMATED = "ESTIMATED"

    FINAL: ClassVar[frozenset[str]] = frozenset({"COMPLETED", "FAILED", "TIMEOUT"})

    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False)
    agent = models.ForeignKey("agents.Agent", on_delete=models.CASCADE, related_name="runs", db_index=False)
    task = models.ForeignKey("tasks.Task", null=True, on_delete=models.SET_NULL, related_name="runs")
    session_key = models.CharField(max_length=128)
    model = models.CharField(max_length=100)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    input_tokens = models.BigIntegerField(default=0)
    output_tokens = models.BigIntegerField(default=0)
    cache_read_tokens = models.BigIntegerField(default=0)
    cache_write_tokens = models.BigIntegerField(default=0)
    cost_microusd = models.BigIntegerField(default=0)
    cost_source = models.CharField(max_length=9, choices=CostSource, default=CostSource.REPORTED)
    status = models.CharField(max_length=9, choices=Status)
    error = models.TextField(null=True)  # noqa: DJ001 - the contract tells null from empty
    metadata = models.JSONField(default=dict)
    # Who reported it, as the log writes actors, and under which key: nobody reports twice under one key.
    reported_by = models.CharField(max_length=80)
    # Whoever watches was told of its end by the agent itself, and need not be told again.
    done_told = models.BooleanField(default=False, db_default=False)
    idempotency_key = models.CharField(max_length=255, null=True)  # noqa: DJ001 - as above
    created_at = models.DateTimeField()

    objects = RunQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "reported_by", "idempotency_key"], name="run_reported_once"),
        ]
        indexes = [
            models.Index(fields=["agent", "-id"], name="run_of_agent"),
            models.Index(fields=["workspace", "created_at"], name="run_in_time"),
        ]

    def __str__(self) -> str:
        return f"run {self.pk} of {self.agent_id}: {self.status}"

    @property
    def is_final(self) -> bool:
        return self.status in self.FINAL

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens + self.cache_read_tokens + self.cache_write_tokens

    @property
    def duration_ms(self) -> int | None:
        return None if self.ended_at is None else round((self.ended_at - self.started_at).total_seconds() * 1000)


class ToolCallQuerySet(WorkspaceQuerySet["ToolCall"]):
    pass


class ToolCall(models.Model):
    """One use of a tool within a run. The previews are short and hold no secrets."""

    class Status(models.TextChoices):
        PENDING = "PENDING"
        RUNNING = "RUNNING"
        SUCCESS = "SUCCESS"
        FAILED = "FAILED"
        DENIED = "DENIED"

    class Risk(models.TextChoices):
        GREEN = "GREEN"
        YELLOW = "YELLOW"
        RED = "RED"

    FINAL: ClassVar[frozenset[str]] = frozenset({"SUCCESS", "FAILED", "DENIED"})

    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="tool_calls")
    agent = models.ForeignKey("agents.Agent", on_delete=models.CASCADE, related_name="+")
    task = models.ForeignKey("tasks.Task", null=True, on_delete=models.SET_NULL, related_name="+")
    tool_name = models.CharField(max_length=200)
    tool_version = models.CharField(max_length=100, null=True)  # noqa: DJ001 - as above
    risk_level = models.CharField(max_length=6, choices=Risk)
    policy_result = models.JSONField(null=True)
    input_preview = models.TextField(null=True)  # noqa: DJ001 - as above
    output_preview = models.TextField(null=True)  # noqa: DJ001 - as above
    input_hash = models.CharField(max_length=128, null=True)  # noqa: DJ001 - as above
    output_hash = models.CharField(max_length=128, null=True)  # noqa: DJ001 - as above
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    status = models.CharField(max_length=7, choices=Status)
    error = models.TextField(null=True)  # noqa: DJ001 - as above
    retry_count = models.PositiveIntegerField(default=0)
    redacted_fields = models.JSONField(default=list)
    created_at = models.DateTimeField()

    objects = ToolCallQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.tool_name} in {self.run_id}: {self.status}"

    @property
    def is_final(self) -> bool:
        return self.status in self.FINAL

    @property
    def duration_ms(self) -> int | None:
        return None if self.ended_at is None else round((self.ended_at - self.started_at).total_seconds() * 1000)
