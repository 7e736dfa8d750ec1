"""What is kept beside the tasks: how many there are of each kind, and how each has moved."""

from __future__ import annotations

from typing import Any

from django.db import models

from core.rows import Select

from .keyed import Keyed, once_under_a_key
from .task import Task


class TallyQuerySet(models.QuerySet["Tally"]):
    def total(self, **where: Any) -> int:
        """The number of tasks in a workspace with these values (a list means any of them)."""
        return TALLY.sum("n", where)


class Tally(models.Model):
    """How many tasks there are of each kind, kept in step by the services: counting 100 000 rows costs too much."""

    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False)
    project = models.ForeignKey("projects.Project", on_delete=models.CASCADE, related_name="+", db_index=False)
    status = models.CharField(max_length=20)
    priority = models.PositiveSmallIntegerField()
    n = models.IntegerField(default=0)

    objects = TallyQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "project", "status", "priority"], name="tally_once"),
        ]

    def __str__(self) -> str:
        return f"{self.project_id} {self.status} {self.priority}: {self.n}"


TALLY = Select(Tally, ["n"])


class Transition(Keyed):
    """One change of status; immutable."""

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="transitions", db_index=False)
    was = models.CharField(max_length=20, blank=True)
    now = models.CharField(max_length=20)
    actor = models.CharField(max_length=200)
    by = models.CharField(max_length=200)
    reason = models.TextField(blank=True, default="")
    session_key = models.CharField(max_length=128, blank=True, default="")
    # What was handed in with it: copies of work plan, deliverable and checklist.
    artifacts = models.JSONField(null=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [once_under_a_key("transition_once")]
        indexes = [models.Index(fields=["task", "at"], name="transition_of_task")]

    def __str__(self) -> str:
        return f"{self.task_id}: {self.was} → {self.now}"
