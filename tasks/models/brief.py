"""What a task asks for and what came of it: the parts that agents of the v1 dialect fill."""

from __future__ import annotations

from typing import Any

from django.db import models

from agents.models import Agent

from .keyed import Keyed, once_under_a_key
from .task import Task

USUAL_REVIEW_CYCLES = 3


class BriefManager(models.Manager["Brief"]):
    def of(self, task: Task) -> Brief:
        """The task's brief; tasks that nobody has planned or costed have none yet."""
        brief, _ = self.get_or_create(task=task)
        brief.task = task
        return brief


class Brief(Keyed):
    """Apart from the task, whose row is written and read all the time and by all. Money in whole micro-dollars."""

    task = models.OneToOneField(Task, on_delete=models.CASCADE, related_name="brief", primary_key=True)
    creator_agent = models.ForeignKey(Agent, null=True, on_delete=models.SET_NULL, related_name="+")
    creator_user_id = models.BigIntegerField(null=True)
    reviewer = models.ForeignKey(Agent, null=True, on_delete=models.SET_NULL, related_name="+")
    work_plan = models.JSONField(null=True)
    deliverable = models.JSONField(null=True)
    review_checklist = models.JSONField(null=True)
    review_cycles = models.PositiveIntegerField(default=0)
    review_limit = models.PositiveIntegerField(default=USUAL_REVIEW_CYCLES)
    estimated_cost_microusd = models.BigIntegerField(null=True)
    actual_cost_microusd = models.BigIntegerField(default=0)
    cost_summary = models.JSONField(null=True)
    completion = models.JSONField(null=True)
    blocked_reason = models.TextField(null=True)  # noqa: DJ001 - the contract tells null from empty
    resume_status = models.CharField(max_length=20, null=True)  # noqa: DJ001 - as above
    started_at = models.DateTimeField(null=True)
    submitted_at = models.DateTimeField(null=True)
    redacted_fields = models.JSONField(default=list)

    objects = BriefManager()

    class Meta:
        constraints = [once_under_a_key("task_once")]

    def __str__(self) -> str:
        return f"brief of {self.task_id}"


class AssignmentQuerySet(models.QuerySet["Assignment"]):
    def slugs_of(self, task_ids: list[int]) -> dict[int, list[str]]:
        """The slugs of each task's assignees, in their order."""
        slugs: dict[int, list[str]] = {id: [] for id in task_ids}
        rows = self.filter(task_id__in=task_ids).order_by("task_id", "place")
        for task_id, slug in rows.values_list("task_id", "agent__slug"):
            slugs[task_id].append(slug)
        return slugs


class Assignment(models.Model):
    """Whose a task is. The first one is the task's `assigned_to`, by name; both are written together."""

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="assignments", db_index=False)
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="assignments")
    place = models.PositiveSmallIntegerField()

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["task", "agent"], name="assigned_once")]

    def __str__(self) -> str:
        return f"{self.task_id} to {self.agent_id}"


class Document(models.Model):
    """A file of a task, as text or as an address; a newer one of the same name is its next version."""

    class Type(models.TextChoices):
        DELIVERABLE = "DELIVERABLE"
        EVIDENCE = "EVIDENCE"
        CHECKLIST = "CHECKLIST"
        REPORT = "REPORT"

    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False)
    task = models.ForeignKey(Task, null=True, on_delete=models.CASCADE, related_name="documents", db_index=False)
    agent = models.ForeignKey(Agent, null=True, on_delete=models.SET_NULL, related_name="+")
    name = models.CharField(max_length=255)
    type = models.CharField(max_length=11, choices=Type)
    mime_type = models.CharField(max_length=100)
    content = models.TextField(null=True)  # noqa: DJ001 - null when it lies elsewhere
    storage_url = models.CharField(max_length=2048, null=True)  # noqa: DJ001 - null when it lies here
    size_bytes = models.BigIntegerField(null=True)
    checksum = models.CharField(max_length=64, null=True)  # noqa: DJ001 - of content only
    redaction_note = models.CharField(max_length=200, null=True)  # noqa: DJ001 - null when nothing was taken out
    version = models.PositiveIntegerField(default=1)
    previous = models.OneToOneField("self", null=True, on_delete=models.SET_NULL, related_name="next")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["task", "name", "version"], name="document_version")]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"

    def facts(self) -> dict[str, Any]:
        """What the log keeps: everything but the text."""
        return {"id": self.pk, "name": self.name, "type": self.type, "version": self.version, "task_id": self.task_id}
