"""Tasks, the queue, comments and quality reviews."""

from __future__ import annotations

import re
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import limits
from core.clock import seconds
from core.errors import Denied, Invalid, NotFound
from core.ids import LARGEST_ID
from core.rows import Select
from realtime.wire import legacy
from tasks import services
from tasks.models import SNAPSHOT_COLUMNS, Review, Tally, Task

from . import shapes
from .base import LegacyView, whole
from .docs import describe
from .remembered import Remembered

CREATE, UPDATE = shapes.TaskFields(), shapes.TaskFields(partial=True)
MANY, REVIEW = shapes.ManyStatuses(), shapes.ReviewFields()
LEADING_NUMBER = re.compile(r"\s*([+-]?[0-9]+)")
LISTED = Select(
    Task,
    [*SNAPSHOT_COLUMNS, "comment_count"],
    joined={"project_name": "p.name", "project_prefix": "p.ticket_prefix"},
    join="JOIN projects_project p ON p.id = t.project_id",
)
ENCODED = Remembered(lambda record: _listed(LISTED.named(record)))
IGNORED = ("created_by",)


def task_id(key: str) -> int:
    """The leading number of the path part, as clients' servers have always read it."""
    found = LEADING_NUMBER.match(key)
    if not found:
        raise Invalid("Invalid task ID")
    return int(found[1]) if len(found[1]) < 20 else 0


class Tasks(LegacyView):
    route = "tasks"
    limited = frozenset({"POST", "PUT"})

    @describe(
        "Tasks, newest first.",
        query=("status", "assigned_to", "priority", "project_id"),
        paged=True,
        answers={200: "Tasks"},
    )
    def get(self, request: Request) -> Response:
        limit, offset = self.page()
        filters = self._filters()
        total = self._total(filters)
        where = {"workspace_id": self.actor.workspace_id, **filters}
        shown = LISTED.records(where, order="t.created_at DESC, t.id DESC", limit=limit, offset=offset)
        tasks = [ENCODED[record] for record in shown]
        page = offset // limit + 1 if limit else None
        return Response({"tasks": tasks, "total": total, "page": page, "limit": limit})

    def _filters(self) -> dict[str, Any]:
        filters: dict[str, Any] = {}
        if word := self.query("status"):
            filters["status"] = [status for status, shown in legacy.STATUS_WORDS.items() if shown == word]
        if self.actor.is_agent_scoped:
            filters["assigned_to"] = self.actor.agent_name
        elif name := self.query("assigned_to"):
            filters["assigned_to"] = name
        if word := self.query("priority"):
            filters["priority"] = legacy.PRIORITY_NUMBERS.get(word, 0)
        project = whole(self.query("project_id"), 0)
        if 0 < project <= LARGEST_ID:
            filters["project_id"] = project
        return filters

    def _total(self, filters: dict[str, Any]) -> int:
        """From the tallies, unless the question is about one assignee, who has few rows."""
        if "assigned_to" in filters:
            return LISTED.count({"workspace_id": self.actor.workspace_id, **filters})
        return Tally.objects.total(workspace_id=self.actor.workspace_id, **filters)

    @describe("Add a task.", body=shapes.TaskFields, answers={201: "TaskAnswer"})
    def post(self, request: Request) -> Response:
        want = self.read(CREATE)
        _drop_ignored(want)
        task = services.create_task(actor=self.actor, now=self.now, **want)
        return Response({"task": legacy.task(task.snapshot())}, status=201)

    @describe("Set the status of many tasks, all or none.", body=shapes.ManyStatuses, answers={200: "ManyUpdated"})
    def put(self, request: Request) -> Response:
        wanted = [(item["id"], item["status"]) for item in self.read(MANY)["tasks"]]
        services.set_statuses(actor=self.actor, now=self.now, wanted=wanted)
        return Response({"success": True, "updated": len(wanted)})


def _listed(row: dict[str, Any]) -> dict[str, Any]:
    return {**legacy.task(row), "comment_count": row["comment_count"]}


class OneTask(LegacyView):
    route = "task"
    limited = frozenset({"PUT", "DELETE"})

    @describe("One task.", answers={200: "TaskAnswer"})
    def get(self, request: Request, key: str) -> Response:
        task = services.find_task(actor=self.actor, id=task_id(key))
        return Response({"task": legacy.task(task.snapshot())})

    @describe("Change a task; omitted fields keep their value.", body=shapes.TaskFields, answers={200: "TaskAnswer"})
    def put(self, request: Request, key: str) -> Response:
        want = self.read(UPDATE)
        task = services.find_task(actor=self.actor, id=task_id(key))
        _drop_ignored(want)
        if not want:
            return Response({"task": legacy.bare_task(task.snapshot()), "unchanged": True})
        sent = {name: value for name, value in self.sent().items() if name in UPDATE.fields and name not in IGNORED}
        task = services.update_task(task=task, actor=self.actor, now=self.now, changes=want, sent=sent)
        return Response({"task": legacy.task(task.snapshot())})

    @describe("Remove a task with its comments.", answers={200: "Success"})
    def delete(self, request: Request, key: str) -> Response:
        task = services.find_task(actor=self.actor, id=task_id(key))
        services.delete_task(task=task, actor=self.actor, now=self.now)
        return Response({"success": True})


def _drop_ignored(want: dict[str, Any]) -> None:
    for name in IGNORED:
        want.pop(name, None)


class Queue(LegacyView):
    """The atomic claim: what one agent gets, no other one gets."""

    route = "task-queue"

    @describe("Claim the next task for an agent.", query=("agent", "max_capacity"), answers={200: "QueueAnswer"})
    def get(self, request: Request) -> Response:
        agent = self.query("agent") or request.META.get("HTTP_X_AGENT_NAME", "").strip()
        self.check_rate(limits.QUEUE, request.META.get("HTTP_X_AGENT_NAME", "").strip() or self.ip)
        if not agent:
            raise Invalid("Missing agent. Provide ?agent=... or x-agent-name header.")
        if self.actor.is_agent_scoped and agent != self.actor.agent_name:
            raise Denied("Access denied: agent key may only queue tasks for itself.")
        text = self.query("max_capacity") or "1"
        if not (text.isascii() and text.isdigit() and 1 <= int(text[:3]) <= 20):
            raise Invalid("Invalid max_capacity. Expected integer 1..20.")
        now = self.now
        claim = services.claim_next(actor=self.actor, now=now, agent_name=agent[:100], capacity=int(text))
        shown = legacy.bare_task(claim.task.snapshot()) if claim.task else None
        return Response({"task": shown, "reason": claim.reason, "agent": agent, "timestamp": seconds(now)})


class Reviews(LegacyView):
    route = "quality-review"
    limited = frozenset({"POST"})

    @describe("Reviews of one task, or the newest of several.", query=("taskId", "taskIds"), answers={200: "Reviews"})
    def get(self, request: Request) -> Response:
        here = Review.objects.filter(workspace_id=self.actor.workspace_id).order_by("-created_at", "-id")
        if many := self.query("taskIds"):
            ids = [int(word) for word in many.split(",") if word.strip().isdecimal() and len(word) < 19][:1000]
            if not ids:
                raise Invalid("taskIds must include at least one numeric id")
            latest: dict[str, Any] = {str(id): None for id in ids}
            for review in here.filter(task_id__in=ids).reverse():
                latest[str(review.task_id)] = _verdict(review)
            return Response({"latest": latest})
        id = whole(self.query("taskId"), 0)
        if not 0 < id <= LARGEST_ID:
            raise Invalid("taskId is required")
        return Response({"reviews": [_review(review) for review in here.filter(task_id=id)[:10]]})

    @describe("Approve or reject a task's result.", body=shapes.ReviewFields, answers={200: "ReviewStored"})
    def post(self, request: Request) -> Response:
        want = self.read(REVIEW)
        task = Task.objects.in_workspace(self.actor.workspace_id).filter(id=want["taskId"]).first()
        if task is None:
            raise NotFound("Task not found")
        review = services.review_task(
            task=task,
            actor=self.actor,
            now=self.now,
            reviewer=want.get("reviewer") or Review.GATEKEEPER,
            verdict=want["status"],
            notes=want["notes"],
        )
        return Response({"success": True, "id": review.pk})


def _verdict(review: Review) -> dict[str, Any]:
    return {"status": review.status, "reviewer": review.reviewer, "created_at": seconds(review.created_at)}


def _review(review: Review) -> dict[str, Any]:
    return {
        "id": review.pk,
        "task_id": review.task_id,
        "reviewer": review.reviewer,
        "status": review.status,
        "notes": review.notes,
        "created_at": seconds(review.created_at),
        "workspace_id": review.workspace_id,
    }
