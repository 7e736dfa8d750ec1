"""Whether the fleet can take more work: figures of this moment, and the advice that follows from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import floor
from typing import Any

from activity.models import Event
from agents.models import Agent
from core.rows import adapted, ask, unix
from tasks.models import PRIORITIES, Tally

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PENDING = ("INBOX", "ASSIGNED", "IN_PROGRESS", "REVIEW", "QUALITY_REVIEW")
ACTIVE = PENDING[1:]
NEW_WORK = ("task_created", "task_assigned")
# From the best to the worst: what to say, and how long to wait before the next task.
LEVELS = ("normal", "throttle", "shed", "pause")
REASONS = {
    "normal": "System healthy — submit work freely",
    "throttle": "System under load — reduce submission rate and defer non-critical work",
    "shed": "System overloaded — submit only critical/high-priority work, defer everything else",
    "pause": "System unavailable — hold all submissions until capacity returns",
}
DELAYS_MS = {"normal": 0, "throttle": 2000, "shed": 10_000, "pause": 30_000}


@dataclass(frozen=True, slots=True)
class Figures:
    """What was counted. `tasks` by status and priority number, `loads` as (agent, assigned, in progress)."""

    tasks: dict[tuple[str, int], int]
    stories: dict[str, int]
    agents: dict[str, int]
    loads: list[tuple[str, int, int]]
    done_last_hour: int
    done_last_day: int
    oldest_pending: int | None


def figures(*, workspace_id: int, now: datetime, window_seconds: float) -> Figures:
    tally = Tally.objects.filter(workspace_id=workspace_id, status__in=PENDING, n__gt=0)
    tasks: dict[tuple[str, int], int] = {}
    for status, priority, n in tally.values_list("status", "priority", "n"):
        tasks[status, priority] = tasks.get((status, priority), 0) + n
    hour, day = _done_since(workspace_id, now - HOUR, now - DAY)
    waits = any(tasks.get((status, priority)) for status in PENDING[:2] for priority in PRIORITIES)
    return Figures(
        tasks=tasks,
        stories=dict(Event.objects.stories_by("type", workspace_id, since=now - timedelta(seconds=window_seconds))),
        agents=_agents(workspace_id),
        loads=_loads(workspace_id),
        done_last_hour=hour,
        done_last_day=day,
        oldest_pending=_oldest_pending(workspace_id) if waits else None,
    )


def _done_since(workspace_id: int, hour: datetime, day: datetime) -> tuple[int, int]:
    ((in_hour, in_day),) = ask(
        "SELECT coalesce(sum(CASE WHEN updated_at >= %s THEN 1 ELSE 0 END), 0), count(*) FROM tasks_task"
        " WHERE workspace_id = %s AND status = 'DONE' AND updated_at >= %s",
        [adapted(hour), workspace_id, adapted(day)],
    )
    return int(in_hour), int(in_day)


def _agents(workspace_id: int) -> dict[str, int]:
    table = Agent._meta.db_table
    return dict(ask(f"SELECT status, count(*) FROM {table} WHERE workspace_id = %s GROUP BY status", [workspace_id]))


def _loads(workspace_id: int) -> list[tuple[str, int, int]]:
    """Agents that are not offline, the heaviest first. Counted per agent, by an index: few tasks are at work."""
    count = (
        "(SELECT count(*) FROM tasks_task t WHERE t.workspace_id = a.workspace_id AND t.assigned_to = a.name"
        " AND t.status = '{}')"
    )
    rows = ask(
        f"SELECT a.name, {count.format('ASSIGNED')}, {count.format('IN_PROGRESS')} FROM {Agent._meta.db_table} a"
        " WHERE a.workspace_id = %s AND a.status <> 'offline'",
        [workspace_id],
    )
    return sorted(((name, waiting, begun) for name, waiting, begun in rows), key=lambda r: (-r[1] - r[2], r[0]))


def _oldest_pending(workspace_id: int) -> int:
    """Unix seconds. The priority is named so that the index of what waits answers, however many tasks are done."""
    created = unix("min(created_at)")
    rows = ask(
        f"SELECT {created} FROM tasks_task WHERE workspace_id = %s AND status IN ('ASSIGNED', 'INBOX')"
        " AND priority BETWEEN 1 AND 4",
        [workspace_id],
    )
    return int(rows[0][0])


def report(*, workspace_id: int, now: datetime, thresholds: Mapping[str, float]) -> dict[str, Any]:
    """The whole answer: capacity, queue, agents, advice, and the thresholds that it was measured by."""
    found = figures(workspace_id=workspace_id, now=now, window_seconds=thresholds["recent_window_seconds"])
    capacity, queue, agents = _capacity(found), _queue(found, now), _fleet(found)
    return {
        "timestamp": int(now.timestamp()),
        "workspace_id": workspace_id,
        "capacity": capacity,
        "queue": queue,
        "agents": agents,
        "recommendation": advice(
            error_rate=capacity["error_rate_5m"],
            pending=queue["total_pending"],
            busy_ratio=agents["busy_ratio"],
            online=agents["online"],
            total=agents["total"],
            thresholds=thresholds,
        ),
        "thresholds": dict(thresholds),
    }


def _capacity(found: Figures) -> dict[str, Any]:
    told = sum(found.stories.values())
    errors = sum(n for type, n in found.stories.items() if "error" in type or "fail" in type)
    return {
        "active_tasks": sum(n for (status, _), n in found.tasks.items() if status in ACTIVE),
        "tasks_last_5m": sum(found.stories.get(type, 0) for type in NEW_WORK),
        "errors_last_5m": errors,
        "error_rate_5m": min(1, _rounded(errors / told, 4)) if told else 0,
        "completions_last_hour": found.done_last_hour,
        "avg_completion_rate_per_hour": _rounded(found.done_last_day / 24, 2),
    }


def _queue(found: Figures, now: datetime) -> dict[str, Any]:
    by_status = dict.fromkeys((status.lower() for status in PENDING), 0)
    by_priority = {"low": 0, "medium": 0, "high": 0, "critical": 0, "urgent": 0}
    for (status, priority), n in found.tasks.items():
        by_status[status.lower()] += n
        by_priority[PRIORITIES[priority]] += n
    pending, hourly = sum(by_status.values()), found.done_last_hour
    wait = int(_rounded(pending / hourly * 3600, 0)) if hourly else None
    oldest = found.oldest_pending
    age = None if oldest is None else max(0, int(now.timestamp()) - oldest)
    return {
        "total_pending": pending,
        "by_status": by_status,
        "by_priority": by_priority,
        "oldest_pending_age_seconds": age,
        "estimated_wait_seconds": wait,
        "estimated_wait_confidence": "unknown" if wait is None else "calculated",
    }


def _fleet(found: Figures) -> dict[str, Any]:
    """Only who is idle or busy counts as online: existing clients rely on a pause when nobody is."""
    busy, idle = found.agents.get("busy", 0), found.agents.get("idle", 0)
    return {
        "total": sum(found.agents.values()),
        "online": busy + idle,
        "busy": busy,
        "idle": idle,
        "offline": found.agents.get("offline", 0),
        "busy_ratio": _rounded(busy / (busy + idle), 2) if busy + idle else 0,
        "load_distribution": [
            {"agent": name, "assigned": waiting, "in_progress": begun} for name, waiting, begun in found.loads
        ],
    }


def advice(
    *, error_rate: float, pending: int, busy_ratio: float, online: int, total: int, thresholds: Mapping[str, float]
) -> dict[str, Any]:
    """The worst of what the three figures ask for, each named; without anybody at work, a pause."""
    level, details = 0, []
    for value, name, grades, told in (
        (error_rate, "error_rate", ("Elevated error rate", "High error rate"), f"{error_rate * 100:.1f}%"),
        (pending, "queue_depth", ("Queue depth high", "Queue depth critical"), f"{pending} pending tasks"),
        (
            busy_ratio,
            "busy_agent_ratio",
            ("Agent saturation high", "Agent saturation critical"),
            f"{_rounded(busy_ratio * 100, 0):.0f}% busy",
        ),
    ):
        reached = 2 if value >= thresholds[f"{name}_shed"] else 1 if value >= thresholds[f"{name}_throttle"] else 0
        if reached:
            details.append(f"{grades[reached - 1]}: {told}")
        level = max(level, reached)
    if online == 0:
        level = 3
        details.append("No agents online" if total else "No agents registered")
    action = LEVELS[level]
    return {
        "action": action,
        "reason": REASONS[action],
        "details": details or ["All metrics within normal bounds"],
        "submit_ok": level <= 1,
        "suggested_delay_ms": DELAYS_MS[action],
    }


def _rounded(value: float, places: int) -> float:
    """Halves go up, as clients' servers have always rounded."""
    scale: int = 10**places
    return floor(value * scale + 0.5) / scale
