"""Tasks: the list, one of them, and their changes."""

from __future__ import annotations

import re
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from core.errors import Invalid
from core.ids import LARGEST_ID
from core.rows import Select
from realtime.wire import legacy
from tasks import services
from tasks.models import SNAPSHOT_COLUMNS, Tally, Task

from . import shapes
from .base import LegacyView, whole
from .docs import describe
from .queries import page_of
from .remembered import Remembered

CREATE, UPDATE = shapes.TaskFields(), shapes.TaskFields(partial=True)
MANY = shapes.ManyStatuses()
LEADING_NUMBER = re.compile(r"\s*([+-]?[0-9]+)")
LISTED = Select(
    Task,
    [*SNAPSHOT_COLUMNS, "comment_count"],
    joined={"project_name": "p.name", "project_prefix": "p.ticket_prefix"},
    join="JOIN projects_project p ON p.id = t.project_id",
)
ENCODED = Remembered(lambda record: _listed(LISTED.named(record)))
IGNORED = ("created_by",)
NOBODYS = 0  # an id that nothing has


def task_id(key: str) -> int:
    return leading_number(key, "Invalid task ID")


def leading_number(key: str, refusal: str) -> int:
    """The leading number of a path part, as clients' servers have always read it; 0 when it can be no id."""
    found = LEADING_NUMBER.match(key)
    if not found:
        raise Invalid(refusal)
    return int(found[1]) if len(found[1]) < 20 else 0


def listed_tasks(where: dict[str, Any], *, limit: int, offset: int = 0) -> list[Any]:
    """Tasks as lists show them, newest first, already encoded."""
    shown = LISTED.records(where, order="t.created_at DESC, t.id DESC", limit=limit, offset=offset)
    return [ENCODED[record] for record in shown]


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
        tasks = listed_tasks(where, limit=limit, offset=offset)
        page = page_of(limit, offset)
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
        if project:
            filters["project_id"] = project if 0 < project <= LARGEST_ID else NOBODYS
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
