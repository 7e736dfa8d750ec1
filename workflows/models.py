"""Prompts worth keeping, chains of them, and the runs of those chains."""

from __future__ import annotations

from typing import Any, Self

from django.db import models
from django.db.models import Count, Q

from core.clock import seconds
from core.querysets import WorkspaceQuerySet

# What one list shows at most.
AT_MOST = 1000


class UseCountQuerySet(WorkspaceQuerySet[Any]):
    def most_used(self) -> Self:
        return self.order_by("-use_count", "-updated_at", "-id")[:AT_MOST]


class WorkflowTemplate(models.Model):
    """A prompt with the model it is for."""

    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False)
    name = models.TextField()
    description = models.TextField(null=True)  # noqa: DJ001 - the contract tells null from empty
    model = models.TextField(default="sonnet")
    task_prompt = models.TextField()
    timeout_seconds = models.IntegerField(default=300)
    agent_role = models.TextField(null=True)  # noqa: DJ001
    tags = models.JSONField(default=list)
    created_by = models.CharField(max_length=200)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    use_count = models.IntegerField(default=0)

    objects = UseCountQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["workspace", "-use_count", "-updated_at", "-id"], name="workflow_most_used")]

    def __str__(self) -> str:
        return self.name

    def as_row(self) -> dict[str, Any]:
        return {
            "id": self.pk,
            "name": self.name,
            "description": self.description,
            "model": self.model,
            "task_prompt": self.task_prompt,
            "timeout_seconds": self.timeout_seconds,
            "agent_role": self.agent_role,
            "tags": self.tags,
            "created_by": self.created_by,
            "created_at": seconds(self.created_at),
            "updated_at": seconds(self.updated_at),
            "last_used_at": seconds(self.last_used_at),
            "use_count": self.use_count,
            "workspace_id": self.workspace_id,
        }


class Pipeline(models.Model):
    """Templates in a row. `steps` holds `{template_id, on_failure}`; a template may be removed meanwhile."""

    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False)
    name = models.TextField()
    description = models.TextField(null=True)  # noqa: DJ001
    steps = models.JSONField(default=list)
    created_by = models.CharField(max_length=200)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    use_count = models.IntegerField(default=0)
    last_used_at = models.DateTimeField(null=True)

    objects = UseCountQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["workspace", "-use_count", "-updated_at", "-id"], name="pipeline_most_used")]

    def __str__(self) -> str:
        return self.name

    def as_row(self) -> dict[str, Any]:
        return {
            "id": self.pk,
            "name": self.name,
            "description": self.description,
            "steps": self.steps,
            "created_by": self.created_by,
            "created_at": seconds(self.created_at),
            "updated_at": seconds(self.updated_at),
            "use_count": self.use_count,
            "last_used_at": seconds(self.last_used_at),
            "workspace_id": self.workspace_id,
        }


class PipelineRunQuerySet(WorkspaceQuerySet["PipelineRun"]):
    def newest(self) -> Self:
        return self.order_by("-id")

    def counts(self, workspace_id: int) -> dict[int, dict[str, Any]]:
        """By pipeline: how many runs there were, and how many of them ended how."""
        status = PipelineRun.Status
        counted = {
            word: Count("id", filter=Q(status=word)) for word in (status.COMPLETED, status.FAILED, status.RUNNING)
        }
        rows = self.in_workspace(workspace_id).values("pipeline_id").annotate(total=Count("id"), **counted)
        return {row["pipeline_id"]: {**row} for row in rows}


class PipelineRun(models.Model):
    """One run. `steps` is what the pipeline was when it began, and how far each step has come (Unix seconds)."""

    class Status(models.TextChoices):
        PENDING = "pending"
        RUNNING = "running"
        COMPLETED = "completed"
        FAILED = "failed"
        CANCELLED = "cancelled"

    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False)
    pipeline = models.ForeignKey(Pipeline, on_delete=models.CASCADE, related_name="runs", db_index=False)
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    current_step = models.IntegerField(default=0)
    steps = models.JSONField(default=list)
    started_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    triggered_by = models.CharField(max_length=200)
    created_at = models.DateTimeField()

    objects = PipelineRunQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "-id"], name="pipeline_run_newest"),
            models.Index(fields=["workspace", "pipeline", "status"], name="pipeline_run_counted"),
            models.Index(fields=["pipeline", "-id"], name="pipeline_run_of_pipeline"),
        ]

    def __str__(self) -> str:
        return f"{self.pk}: {self.status}"

    def as_row(self) -> dict[str, Any]:
        return {
            "id": self.pk,
            "pipeline_id": self.pipeline_id,
            "status": self.status,
            "current_step": self.current_step,
            "steps_snapshot": self.steps,
            "started_at": seconds(self.started_at),
            "completed_at": seconds(self.completed_at),
            "triggered_by": self.triggered_by,
            "created_at": seconds(self.created_at),
            "workspace_id": self.workspace_id,
        }
