"""How finished work turned out. Every statement is answered by an index over finished tasks alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from core.rows import adapted, ask

from .models import PRIORITIES, Task

# Written out in each statement: a database uses an index over some of the rows only when it sees the condition.
DONE = "workspace_id = %s AND status = 'DONE'"
OUTCOMES = [outcome.value for outcome in Task.Outcome]
UNASSIGNED = "unassigned"
ERRORS_SHOWN = 10
PERCENTILES = {"p50": 50, "p95": 95}


@dataclass(frozen=True, slots=True)
class Group:
    """Finished tasks of one assignee and priority: how many of each outcome, and `waited` seconds in all until
    `resolved` of them."""

    assignee: str
    priority: str
    outcomes: dict[str, int]
    retries: int
    resolved: int
    waited: float


def outcome_groups(*, workspace_id: int, since: datetime | None = None) -> list[Group]:
    period, parameters = _finished_since(since)
    counts = ", ".join(f"count(CASE WHEN outcome = '{word}' THEN 1 END)" for word in OUTCOMES)
    rows = ask(
        f"SELECT assigned_to, priority, count(*), sum(retry_count), count(completed_at), sum({_duration()}), {counts}"
        f" FROM tasks_task WHERE {DONE}{period} GROUP BY assigned_to, priority",
        [workspace_id, *parameters],
    )
    return [
        Group(name or UNASSIGNED, PRIORITIES[priority], _named(n, counted), int(retries), resolved, waited or 0)
        for name, priority, n, retries, resolved, waited, *counted in rows
    ]


def _named(n: int, counted: list[int]) -> dict[str, int]:
    return {**dict(zip(OUTCOMES, counted, strict=True)), "unknown": n - sum(counted)}


def common_errors(*, workspace_id: int, since: datetime | None = None) -> list[dict[str, Any]]:
    period, parameters = _finished_since(since)
    rows = ask(
        f"SELECT error_message, count(*) AS n FROM tasks_task WHERE {DONE} AND error_message > ''{period}"
        " GROUP BY error_message ORDER BY n DESC, error_message LIMIT %s",
        [workspace_id, *parameters, ERRORS_SHOWN],
    )
    return [{"error_message": text, "count": n} for text, n in rows]


def _finished_since(since: datetime | None) -> tuple[str, list[Any]]:
    return (" AND coalesce(completed_at, updated_at) >= %s", [adapted(since)]) if since else ("", [])


def _duration() -> str:
    """SQL for the seconds from a task's creation to its completion."""
    if connection.vendor == "postgresql":
        return "extract(epoch FROM completed_at - created_at)::float"
    return "(julianday(completed_at) - julianday(created_at)) * 86400"


@dataclass(frozen=True, slots=True)
class Window:
    """Tasks completed in a stretch of time: how long they took, and how many needed somebody to step in."""

    n: int
    interventions: int
    latency: dict[str, int | None]

    @property
    def intervention_rate(self) -> float:
        return self.interventions / self.n if self.n else 0.0


def window(*, workspace_id: int, start: datetime, end: datetime) -> Window:
    """An intervention is a task that was retried, has an error, or did not end in success."""
    # Errors are texts, too long for the index over all; a second one holds the tasks that have any.
    rows = ask(
        f"SELECT CAST(round({_duration()}) AS BIGINT) AS took, count(*), sum(CASE WHEN retry_count > 0"
        f" OR outcome IN ('failed', 'partial', 'abandoned') OR id IN (SELECT id FROM tasks_task WHERE {DONE}"
        " AND error_message > '') THEN 1 ELSE 0 END)"
        f" FROM tasks_task WHERE {DONE} AND completed_at >= %s AND completed_at < %s GROUP BY took ORDER BY took",
        [workspace_id, workspace_id, adapted(start), adapted(end)],
    )
    counted = [(max(0, took), n) for took, n, _ in rows]
    total = sum(n for _, n in counted)
    latency: dict[str, int | None] = {name: nearest_rank(counted, total, p) for name, p in PERCENTILES.items()}
    latency["avg"] = round(sum(took * n for took, n in counted) / total) if total else None
    return Window(total, sum(int(stepped_in) for *_, stepped_in in rows), latency)


def nearest_rank(counted: Iterable[tuple[int, int]], total: int, percent: int) -> int | None:
    """The smallest value that at least so many percent of all values do not exceed. `counted` is (value, how often),
    ascending."""
    rank, passed = -(-percent * total // 100), 0
    for value, n in counted:
        passed += n
        if passed >= rank:
            return value
    return None
