"""Clean-up: rows that are older than they are kept, counted or deleted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from activity import retention
from activity.audit import Origin, record_audit
from core.actors import Actor
from core.ages import last_before, remove
from notifications.models import Notification
from workflows.models import PipelineRun

FOREVER = "Retention disabled (keep forever)"
NO_FILE = "No token file: token reports are kept in the database and never removed"
NO_SESSIONS = "No gateway session store on this machine"
# Part of the data, as in `settings.RETAIN_DAYS`, and its name in answers.
PARTS = {
    "activities": "Activities",
    "audit": "Audit Log",
    "notifications": "Notifications",
    "pipeline_runs": "Pipeline Runs",
}
TABLES: dict[str, type[Notification] | type[PipelineRun]] = {
    "notifications": Notification,
    "pipeline_runs": PipelineRun,
}


@dataclass(frozen=True, slots=True)
class Line:
    """One table: how many rows are stale, or were deleted."""

    table: str
    days: int
    rows: int
    cutoff: datetime | None
    note: str | None = None


def preview(*, now: datetime) -> list[Line]:
    """What a clean-up would delete."""
    return [
        *_lines(now, delete=False),
        Line("Token Usage (file)", settings.RETAIN_DAYS["token_usage"], 0, None, NO_FILE),
        Line("Gateway Session Store", settings.RETAIN_DAYS["gateway_sessions"], 0, None, NO_SESSIONS),
    ]


def clean_up(
    *, actor: Actor, now: datetime, dry_run: bool = False, action: str = "data_cleanup", origin: Origin | None = None
) -> list[Line]:
    """Delete it, in many short transactions; only counts on a dry run. What is kept for ever is left out."""
    lines = [line for line in _lines(now, delete=not dry_run) if line.cutoff]
    if days := settings.RETAIN_DAYS["gateway_sessions"]:
        lines.append(Line("Gateway Session Store", days, 0, now - timedelta(days=days)))
    if not dry_run and any(line.rows for line in lines):
        _note(action, lines, actor=actor, now=now, origin=origin)
    return lines


def _lines(now: datetime, *, delete: bool) -> Iterator[Line]:
    for part, table in PARTS.items():
        days = settings.RETAIN_DAYS[part]
        if not days:
            yield Line(table, 0, 0, None, FOREVER)
            continue
        before = now - timedelta(days=days)
        yield Line(table, days, _old_rows(part, before, delete=delete), before)


def _old_rows(part: str, before: datetime, *, delete: bool) -> int:
    if part in retention.PARTS:
        return retention.prune(part, before=before) if delete else retention.stale(part, before=before)
    every = TABLES[part].objects.all()
    end = last_before(every, column="created_at", moment=before)
    rows = every.filter(created_at__lt=before)
    return remove(rows, up_to=end) if delete else rows.filter(id__lte=end).count()


@transaction.atomic
def _note(action: str, lines: list[Line], *, actor: Actor, now: datetime, origin: Origin | None) -> None:
    detail: dict[str, Any] = {
        "total_deleted": sum(line.rows for line in lines),
        "results": [{"table": line.table, "deleted": line.rows} for line in lines],
    }
    record_audit(action, actor=actor, at=now, detail=detail, origin=origin)
