"""The rows of each export: every column of the table, JSON columns as text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from django.db.models import QuerySet

from activity.models import STORY_COLUMNS, Event
from core.ages import BATCH, last_before
from realtime.wire import legacy
from tasks.models import SNAPSHOT_COLUMNS, Task
from workflows.models import PipelineRun

from .audit import ROW as AUDIT_ROW
from .audit import audited
from .base import LegacyView
from .queries import moment_of, within

Row = dict[str, Any]
# Rows that are in memory at once.
CHUNK = 500


@dataclass(frozen=True, slots=True)
class Kind:
    """`file` begins the file's name; `columns` are those of the CSV, in order."""

    file: str
    columns: tuple[str, ...]
    rows: Callable[[LegacyView, int], Iterator[Row]]


def audit_rows(view: LegacyView, limit: int) -> Iterator[Row]:
    found = within(Event.objects.audit(view.actor.workspace_id), "at", view)
    for row in _read(found.values(*AUDIT_ROW), limit):
        yield _as_text(audited(row), "detail")


def activity_rows(view: LegacyView, limit: int) -> Iterator[Row]:
    found = _near(within(Event.objects.stories(view.actor.workspace_id), "at", view), view)
    for row in _read(found.values(*STORY_COLUMNS), limit):
        yield _as_text(legacy.activity(row), "data")


def task_rows(view: LegacyView, limit: int) -> Iterator[Row]:
    found = within(Task.objects.in_workspace(view.actor.workspace_id), "created_at", view)
    for row in _read(found.order_by("-created_at", "-id").values(*SNAPSHOT_COLUMNS), limit):
        yield _as_text(legacy.bare_task(row), "tags", "metadata")


def pipeline_rows(view: LegacyView, limit: int) -> Iterator[Row]:
    found = within(PipelineRun.objects.in_workspace(view.actor.workspace_id).newest(), "created_at", view)
    for run in _read(found.select_related("pipeline"), limit):
        yield {**_as_text(run.as_row(), "steps_snapshot"), "pipeline_name": run.pipeline.name}


def _read(rows: QuerySet[Any, Any], limit: int) -> Iterator[Any]:
    return rows[:limit].iterator(chunk_size=CHUNK) if limit else iter(())


def _near(rows: QuerySet[Event], view: LegacyView) -> QuerySet[Event]:
    """The same rows, as a range of ids: these have an index, and grow with time but for a few out of order."""
    since, until = moment_of(view.query("since")), moment_of(view.query("until"), later=1)
    if since is not None:
        rows = rows.filter(id__gt=last_before(Event.objects.all(), column="at", moment=since) - BATCH)
    if until is not None:
        rows = rows.filter(id__lte=last_before(Event.objects.all(), column="at", moment=until))
    return rows


def _as_text(row: Row, *names: str) -> Row:
    for name in names:
        value = row[name]
        row[name] = value if value is None or isinstance(value, str) else orjson.dumps(value).decode()
    return row


KINDS: dict[str, Kind] = {
    "audit": Kind(
        "audit-log",
        ("id", "action", "actor", "actor_id", "target_type", "target_id", "detail", "ip_address", "user_agent",
         "workspace_id", "created_at"),
        audit_rows,
    ),
    "tasks": Kind(
        "tasks",
        ("id", "title", "description", "status", "priority", "assigned_to", "created_by", "created_at", "updated_at",
         "due_date", "estimated_hours", "actual_hours", "tags"),
        task_rows,
    ),
    "activities": Kind(
        "activities",
        ("id", "type", "entity_type", "entity_id", "actor", "description", "data", "created_at"),
        activity_rows,
    ),
    "pipelines": Kind(
        "pipeline-runs",
        ("id", "pipeline_id", "pipeline_name", "status", "current_step", "steps_snapshot", "started_at",
         "completed_at", "triggered_by", "created_at"),
        pipeline_rows,
    ),
}  # fmt: skip
