"""The work itself."""

from __future__ import annotations

from typing import Any, Self

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from core.clock import milliseconds
from core.querysets import WorkspaceQuerySet
from core.rows import ask, places

PRIORITIES = {1: "critical", 2: "high", 3: "medium", 4: "low"}


class TaskQuerySet(WorkspaceQuerySet["Task"]):
    def counts_of(self, workspace_id: int, names: list[str]) -> list[tuple[str, str, int]]:
        """(assignee, status, number of tasks). Written out: it is asked with every list of agents."""
        rows = ask(
            f"SELECT assigned_to, status, count(*) FROM {self.model._meta.db_table}"
            f" WHERE workspace_id = %s AND assigned_to IN ({places(names)}) GROUP BY assigned_to, status",
            [workspace_id, *names],
        )
        return [(name, status, n) for name, status, n in rows]

    def claimable_by(self, agent_name: str) -> Self:
        """What the queue may hand to this agent, best first."""
        free = Q(assigned_to=None) | Q(assigned_to="") | Q(assigned_to=agent_name)
        return self.filter(free, status__in=[Task.Status.ASSIGNED, Task.Status.INBOX]).order_by(
            "priority", F("due_at").asc(nulls_last=True), "created_at", "id"
        )


class Task(models.Model):
    """One card. `status` is canonical; each dialect projects it (see `realtime.wire`)."""

    class Status(models.TextChoices):
        INBOX = "INBOX"
        BACKLOG = "BACKLOG"
        ASSIGNED = "ASSIGNED"
        IN_PROGRESS = "IN_PROGRESS"
        REVIEW = "REVIEW"
        QUALITY_REVIEW = "QUALITY_REVIEW"
        NEEDS_APPROVAL = "NEEDS_APPROVAL"
        AWAITING_OWNER = "AWAITING_OWNER"
        BLOCKED = "BLOCKED"
        FAILED = "FAILED"
        DONE = "DONE"
        CANCELED = "CANCELED"

    class Column(models.TextChoices):
        INBOX = "inbox", "Inbox"
        BACKLOG = "backlog", "Backlog"
        TODO = "todo", "To do"
        IN_PROGRESS = "in_progress", "In progress"
        REVIEW = "review", "Review"
        DONE = "done", "Done"

    class Outcome(models.TextChoices):
        SUCCESS = "success"
        FAILED = "failed"
        PARTIAL = "partial"
        ABANDONED = "abandoned"

    class Type(models.TextChoices):
        CONTENT = "CONTENT"
        SOCIAL = "SOCIAL"
        EMAIL_MARKETING = "EMAIL_MARKETING"
        CUSTOMER_RESEARCH = "CUSTOMER_RESEARCH"
        SEO_RESEARCH = "SEO_RESEARCH"
        ENGINEERING = "ENGINEERING"
        DOCS = "DOCS"
        OPS = "OPS"

    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="tasks", db_index=False)
    project = models.ForeignKey("projects.Project", on_delete=models.PROTECT, related_name="tasks", db_index=False)
    number = models.PositiveIntegerField()
    title = models.TextField()
    description = models.TextField(null=True)  # noqa: DJ001 - the contract tells null from empty
    status = models.CharField(max_length=20, choices=Status, default=Status.INBOX)
    priority = models.PositiveSmallIntegerField(default=3)
    type = models.CharField(max_length=17, choices=Type, default=Type.OPS)
    parent = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="subtasks", db_index=False)
    assigned_to = models.CharField(max_length=100, null=True)  # noqa: DJ001
    created_by = models.CharField(max_length=200, default="system")
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    estimated_hours = models.FloatField(null=True)
    actual_hours = models.FloatField(null=True)
    tags = models.JSONField(default=list)
    metadata = models.JSONField(default=dict)
    outcome = models.CharField(max_length=10, choices=Outcome, null=True)  # noqa: DJ001
    error_message = models.TextField(null=True)  # noqa: DJ001
    resolution = models.TextField(null=True)  # noqa: DJ001
    feedback_rating = models.PositiveSmallIntegerField(null=True)
    feedback_notes = models.TextField(null=True)  # noqa: DJ001
    retry_count = models.PositiveBigIntegerField(default=0)
    dispatch_attempts = models.PositiveIntegerField(default=0)
    github_issue_number = models.PositiveIntegerField(null=True)
    github_repo = models.CharField(max_length=200, null=True)  # noqa: DJ001
    github_synced_at = models.DateTimeField(null=True)
    github_branch = models.CharField(max_length=200, null=True)  # noqa: DJ001
    github_pr_number = models.PositiveIntegerField(null=True)
    github_pr_state = models.CharField(max_length=20, null=True)  # noqa: DJ001
    comment_count = models.PositiveIntegerField(default=0)
    # The place inside its column, smallest on top; halving between two neighbours leaves the others alone.
    position = models.FloatField(default=0)

    objects = TaskQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="task_number_once_per_project"),
            models.CheckConstraint(condition=Q(priority__gte=1, priority__lte=4), name="task_priority_1_to_4"),
        ]
        indexes = [
            models.Index(fields=["workspace", "-created_at", "-id"], name="task_newest"),
            models.Index(fields=["workspace", "assigned_to", "status"], name="task_of_assignee"),
            models.Index(fields=["workspace", "status", "position", "id"], name="task_on_board"),
            models.Index(fields=["workspace", "project", "-created_at", "-id"], name="task_of_project"),
            models.Index(
                fields=["workspace", "priority", "due_at", "created_at", "status"],
                condition=Q(status__in=["ASSIGNED", "INBOX"]),
                name="task_queue",
            ),
            models.Index(fields=["parent"], condition=Q(parent__isnull=False), name="task_of_parent"),
            # Each holds all that a report reads, the status too, so that no report reads tasks.
            models.Index(
                fields=[
                    "workspace",
                    "status",
                    "assigned_to",
                    "priority",
                    "outcome",
                    "retry_count",
                    "created_at",
                    "completed_at",
                    "updated_at",
                ],
                condition=Q(status="DONE"),
                name="task_outcomes",
            ),
            models.Index(
                fields=["workspace", "updated_at", "status"], condition=Q(status="DONE"), name="task_done_lately"
            ),
            # The last one: of indexes that seem equally good, SQLite takes the newest.
            models.Index(
                fields=["workspace", "status", "updated_at"],
                condition=Q(status="DONE", error_message__gt=""),
                name="task_errors",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def ticket_ref(self) -> str:
        return f"{self.project.ticket_prefix}-{self.number:03d}"

    @property
    def column(self) -> str:
        return COLUMN_OF[self.status]

    @property
    def priority_word(self) -> str:
        return PRIORITIES[self.priority]

    def snapshot(self) -> dict[str, Any]:
        """What the log keeps of a task: every public column, times in milliseconds."""
        facts: dict[str, Any] = {name: getattr(self, name) for name in SNAPSHOT_COLUMNS}
        for name in SNAPSHOT_TIMES:
            moment = facts[name]
            facts[name] = None if moment is None else milliseconds(moment)
        facts["project_name"] = self.project.name
        facts["project_prefix"] = self.project.ticket_prefix
        return facts


SNAPSHOT_TIMES = ("created_at", "updated_at", "due_at", "completed_at", "github_synced_at")
SNAPSHOT_COLUMNS = (
    "id", "title", "description", "status", "priority", "assigned_to", "created_by", "created_at", "updated_at",
    "due_at", "estimated_hours", "actual_hours", "tags", "metadata", "workspace_id", "project_id", "number",
    "outcome", "error_message", "resolution", "feedback_rating", "feedback_notes", "retry_count", "completed_at",
    "github_issue_number", "github_repo", "github_synced_at", "github_branch", "github_pr_number",
    "github_pr_state", "dispatch_attempts",
)  # fmt: skip

S, C = Task.Status, Task.Column
COLUMN_OF: dict[str, str] = {
    S.INBOX: C.INBOX,
    S.BACKLOG: C.BACKLOG,
    S.ASSIGNED: C.TODO,
    S.IN_PROGRESS: C.IN_PROGRESS,
    S.REVIEW: C.REVIEW,
    S.QUALITY_REVIEW: C.REVIEW,
    S.NEEDS_APPROVAL: C.REVIEW,
    S.AWAITING_OWNER: C.REVIEW,
    S.BLOCKED: C.REVIEW,
    S.FAILED: C.REVIEW,
    S.DONE: C.DONE,
    S.CANCELED: C.DONE,
}
# The status that a card gets when a person drops it on a column.
STATUS_OF_COLUMN: dict[str, str] = {
    C.INBOX: S.INBOX,
    C.BACKLOG: S.BACKLOG,
    C.TODO: S.ASSIGNED,
    C.IN_PROGRESS: S.IN_PROGRESS,
    C.REVIEW: S.REVIEW,
    C.DONE: S.DONE,
}
