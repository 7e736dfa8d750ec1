"""Projects, tasks and what was said about them, with ticket numbers and tallies in step."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.db.models import F

from core.ids import free_name, slugify
from projects.models import Membership, Project
from projects.services import general_project
from tasks.models import Tally, Task, Transition

from .people import home_of
from .transfer import FreeIds, Transfer
from .values import json, maybe_text, maybe_whole, moment, number, text, whole

S = Task.Status
STATUSES = {
    "inbox": S.INBOX, "backlog": S.BACKLOG, "assigned": S.ASSIGNED, "in_progress": S.IN_PROGRESS, "review": S.REVIEW,
    "quality_review": S.QUALITY_REVIEW, "awaiting_owner": S.AWAITING_OWNER, "failed": S.FAILED, "done": S.DONE,
}  # fmt: skip
PRIORITIES = {"urgent": 1, "critical": 1, "high": 2, "medium": 3, "low": 4}
OUTCOMES = {outcome.value for outcome in Task.Outcome}
LARGEST_INT = 2**31 - 1

PROJECTS = (
    "id", "workspace_id", "name", "slug", "description", "ticket_prefix", "ticket_counter", "status", "created_at",
    "updated_at", "github_repo", "deadline", "color", "github_sync_enabled", "github_labels_initialized",
    "github_default_branch",
)  # fmt: skip


def bring_projects(transfer: Transfer) -> None:
    """Slugs and prefixes that are taken get a number behind them; an unused project of that slug is taken over."""
    here: dict[int, dict[str, Project]] = {}
    for project in Project.objects.all():
        here.setdefault(project.workspace_id, {})[project.slug] = project
    unused = set(Project.objects.filter(ticket_counter=0, tasks=None).values_list("id", flat=True))
    ids = FreeIds(Project)
    for row in transfer.new_rows("projects", PROJECTS):
        home = home_of(transfer, row)
        mine = here.setdefault(home, {})
        new = _project(transfer, row, home)
        same = mine.get(new.slug)
        if same is not None and same.pk in unused:
            unused.discard(same.pk)
            del mine[same.slug]
            new.pk = same.pk
        elif same is not None:
            new.slug = free_name(new.slug, mine, longest=64)
        prefixes = {project.ticket_prefix for project in mine.values()}
        if new.ticket_prefix in prefixes:
            new.ticket_prefix = free_name(new.ticket_prefix, prefixes, longest=12, joint="")
        new.pk = new.pk or ids.take(row["id"])
        new.save()
        mine[new.slug] = new
        transfer.became("projects", row["id"], new.pk)
        transfer.report.brought["projects"] += 1


def _project(transfer: Transfer, row: dict[str, Any], home: int) -> Project:
    name = text(row["name"], 200) or "Project"
    born = moment(row["created_at"]) or transfer.now
    prefix = "".join(letter for letter in text(row["ticket_prefix"]).upper() if letter.isascii() and letter.isalnum())
    return Project(
        workspace_id=home,
        name=name,
        slug=slugify(text(row["slug"]) or name, fallback="project"),
        description=maybe_text(row["description"]),
        ticket_prefix=prefix[:12] or "TASK",
        ticket_counter=whole(row["ticket_counter"], high=LARGEST_INT),
        status=Project.Status.ARCHIVED if row["status"] == "archived" else Project.Status.ACTIVE,
        color=maybe_text(row["color"], 32),
        deadline=moment(row["deadline"]),
        github_repo=maybe_text(row["github_repo"], 200),
        github_sync_enabled=row["github_sync_enabled"] == 1,
        github_labels_initialized=row["github_labels_initialized"] == 1,
        github_default_branch=text(row["github_default_branch"], 200) or "main",
        created_at=born,
        updated_at=moment(row["updated_at"]) or born,
    )


def bring_memberships(transfer: Transfer) -> None:
    there = set(Membership.objects.values_list("project_id", "agent_name"))
    fresh = []
    columns = ("id", "project_id", "agent_name", "role", "assigned_at")
    for row in transfer.new_rows("project_agent_assignments", columns):
        project, name = transfer.here("projects", row["project_id"]), text(row["agent_name"], 100)
        if project is None or (project, name) in there:
            transfer.report.skip("project_agent_assignments", "its project is not here, or it is there twice")
            continue
        there.add((project, name))
        at, role = moment(row["assigned_at"]) or transfer.now, text(row["role"], 100) or "member"
        fresh.append((row["id"], Membership(project_id=project, agent_name=name, role=role, assigned_at=at)))
    transfer.add("project_agent_assignments", fresh)


TASKS = (
    "id", "title", "description", "status", "priority", "assigned_to", "created_by", "created_at", "updated_at",
    "due_date", "estimated_hours", "actual_hours", "tags", "metadata", "project_id", "project_ticket_no", "outcome",
    "error_message", "resolution", "feedback_notes", "feedback_rating", "retry_count", "completed_at",
    "github_issue_number", "github_synced_at", "github_pr_number", "github_repo", "github_branch", "github_pr_state",
    "dispatch_attempts", "workspace_id",
)  # fmt: skip


def bring_tasks(transfer: Transfer) -> None:
    tickets = _Tickets(transfer)
    ids = FreeIds(Task)
    batch: list[Task] = []
    for row in transfer.new_rows("tasks", TASKS):
        task = _task(transfer, row, tickets)
        task.pk = ids.take(row["id"])
        transfer.became("tasks", row["id"], task.pk)
        batch.append(task)
        if len(batch) == 1000:
            _store(transfer, batch)
            batch = []
    _store(transfer, batch)
    tickets.save()


def _store(transfer: Transfer, tasks: list[Task]) -> None:
    Task.objects.bulk_create(tasks)
    Transition.objects.bulk_create(
        Transition(task=task, now=task.status, actor="system", by=task.created_by, at=task.created_at) for task in tasks
    )
    kinds = Counter((t.workspace_id, t.project_id, str(t.status), t.priority) for t in tasks)
    for (home, project, status, priority), n in kinds.items():
        tally, _ = Tally.objects.get_or_create(
            workspace_id=home, project_id=project, status=status, priority=priority
        )  # fmt: skip
        Tally.objects.filter(pk=tally.pk).update(n=F("n") + n)
    transfer.report.brought["tasks"] += len(tasks)


class _Tickets:
    """Projects and numbers of tasks: as they were, unless there is none or it is taken."""

    def __init__(self, transfer: Transfer) -> None:
        self.transfer = transfer
        rows = Project.objects.values_list("id", "workspace_id", "ticket_counter")
        self.counters = {id: counter for id, _, counter in rows}
        self.homes = {id: home for id, home, _ in rows}
        self.taken = set(Task.objects.values_list("project_id", "number"))
        self.general: dict[int, int] = {}
        # A number that another task has there must not be given away before that one comes.
        for project, highest in self._claimed():
            if project in self.counters:
                self.counters[project] = max(self.counters[project], highest)

    def _claimed(self) -> list[tuple[int, int]]:
        source = self.transfer.source
        rows = source.tuples("tasks", ("project_id", "project_ticket_no"), order="rowid")
        here = self.transfer.map("projects")
        return [
            (here.get(project, 0), number)
            for project, number in rows
            if isinstance(number, int) and 0 < number <= LARGEST_INT
        ]

    def of(self, home: int, row: dict[str, Any]) -> tuple[int, int]:
        project = self.transfer.here("projects", row["project_id"])
        number = maybe_whole(row["project_ticket_no"], low=1, high=LARGEST_INT)
        if project is None or self.homes.get(project) != home:
            project, number = self._general(home), None
        if number is None or (project, number) in self.taken:
            if number is not None:
                self.transfer.report.note("tasks: some ticket numbers were there twice; the later tasks got new ones")
            self.counters[project] += 1
            number = self.counters[project]
        self.taken.add((project, number))
        return project, number

    def _general(self, home: int) -> int:
        if home not in self.general:
            project = general_project(home)
            self.general[home] = project.pk
            self.homes[project.pk] = home
            self.counters.setdefault(project.pk, project.ticket_counter)
        return self.general[home]

    def save(self) -> None:
        for id, counter in self.counters.items():
            Project.objects.filter(id=id, ticket_counter__lt=counter).update(ticket_counter=counter)


def _task(transfer: Transfer, row: dict[str, Any], tickets: _Tickets) -> Task:
    home = home_of(transfer, row)
    project, ticket = tickets.of(home, row)
    born = moment(row["created_at"]) or transfer.now
    if row["status"] not in STATUSES:
        transfer.report.note(f"tasks: unknown status {text(row['status'], 40)!r} became inbox")
    return Task(
        workspace_id=home,
        project_id=project,
        number=ticket,
        title=text(row["title"]),
        description=maybe_text(row["description"]),
        status=STATUSES.get(row["status"], S.INBOX),
        priority=PRIORITIES.get(row["priority"], 3),
        assigned_to=maybe_text(row["assigned_to"], 100) or None,
        created_by=text(row["created_by"], 200) or "system",
        created_at=born,
        updated_at=moment(row["updated_at"]) or born,
        due_at=moment(row["due_date"]),
        completed_at=moment(row["completed_at"]),
        estimated_hours=number(row["estimated_hours"]),
        actual_hours=number(row["actual_hours"]),
        tags=[tag for tag in json(row["tags"], []) if isinstance(tag, str)],
        metadata=json(row["metadata"], {}),
        outcome=row["outcome"] if row["outcome"] in OUTCOMES else None,
        error_message=maybe_text(row["error_message"]),
        resolution=maybe_text(row["resolution"]),
        feedback_rating=maybe_whole(row["feedback_rating"], low=1, high=5),
        feedback_notes=maybe_text(row["feedback_notes"]),
        retry_count=whole(row["retry_count"]),
        dispatch_attempts=whole(row["dispatch_attempts"], high=LARGEST_INT),
        github_issue_number=maybe_whole(row["github_issue_number"], high=LARGEST_INT),
        github_repo=maybe_text(row["github_repo"], 200),
        github_synced_at=moment(row["github_synced_at"]),
        github_branch=maybe_text(row["github_branch"], 200),
        github_pr_number=maybe_whole(row["github_pr_number"], high=LARGEST_INT),
        github_pr_state=maybe_text(row["github_pr_state"], 20),
        position=-born.timestamp(),
    )
