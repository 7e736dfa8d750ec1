"""Figures of the fleet: tasks, agents, alerts and costs."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q, Sum

from agents.models import Agent, Mandate
from core.money import dollars
from governance.days import start_of_day, start_of_month, start_of_week
from governance.models import Alert, Approval
from governance.states import STATUSES, shown
from tasks.models import Task
from tokens.models import Run

from .controlling import my_tasks

STARTS = {"day": start_of_day, "week": start_of_week, "month": start_of_month}
ERRORS_OVER = timedelta(days=7)
RUNS_SHOWN = 10


def overview(workspace_id: int, *, now: datetime) -> dict[str, Any]:
    return {
        "tasks": _tasks(workspace_id, now),
        "agents": _agents(workspace_id),
        "approvals": _approvals(workspace_id, now),
        "alerts": _alerts(workspace_id),
        "costs": _costs(workspace_id, now),
    }


def _tasks(workspace_id: int, now: datetime) -> dict[str, Any]:
    here = Task.objects.in_workspace(workspace_id)
    by_status: Counter[str] = Counter()
    by_type: Counter[str] = Counter()
    # Nobody's task is not assigned, whatever its status says.
    nobodys = Q(assigned_to=None) | Q(assigned_to="")
    for status, type, n, idle in here.values_list("status", "type").annotate(n=Count("id"), idle=Count("id", nobodys)):
        by_type[type] += n
        by_status["INBOX" if status == Task.Status.ASSIGNED else shown(status)] += idle
        by_status[shown(status)] += n - idle
    done = here.filter(status=Task.Status.DONE)
    lately = done.filter(completed_at__gte=start_of_week(now)).aggregate(
        today=Count("id", Q(completed_at__gte=start_of_day(now))), week=Count("id")
    )
    return {
        "byStatus": {status: by_status[status] for status in STATUSES},
        "byType": {type: by_type[type] for type in Task.Type.values},
        "completedToday": lately["today"],
        "completedThisWeek": lately["week"],
    }


def _agents(workspace_id: int) -> dict[str, int]:
    rows = Agent.objects.in_workspace(workspace_id).values_list("mandate__control").annotate(n=Count("id"))
    counted: Counter[str] = Counter()
    for control, n in rows:
        counted[control or Mandate.Control.ACTIVE] += n
    return {word.lower(): counted[word] for word in ("ACTIVE", "PAUSED", "QUARANTINED")}


def _approvals(workspace_id: int, now: datetime) -> dict[str, int]:
    here = Approval.objects.in_workspace(workspace_id)
    return {"pending": here.pending().filter(expires_at__gt=now).count(), "urgentCount": here.urgent(now).count()}


def _alerts(workspace_id: int) -> dict[str, int]:
    rows = Alert.objects.in_workspace(workspace_id).filter(status=Alert.Status.OPEN)
    counted: dict[str, int] = rows.aggregate(
        open=Count("id"), critical=Count("id", Q(severity=Alert.Severity.CRITICAL))
    )
    return counted


def _costs(workspace_id: int, now: datetime) -> dict[str, float]:
    day, week, month = start_of_day(now), start_of_week(now), start_of_month(now)
    rows = Run.objects.in_workspace(workspace_id).filter(created_at__gte=min(week, month))
    sums = rows.aggregate(
        today=Sum("cost_microusd", filter=Q(created_at__gte=day)),
        thisWeek=Sum("cost_microusd", filter=Q(created_at__gte=week)),
        thisMonth=Sum("cost_microusd", filter=Q(created_at__gte=month)),
    )
    return {name: dollars(micro or 0) for name, micro in sums.items()}


def costs_of(agent: Agent, *, period: str, now: datetime) -> dict[str, Any]:
    """What an agent's runs cost in the current day, week or month."""
    rows = Run.objects.filter(agent=agent, created_at__gte=STARTS[period](now))
    by_model: Counter[str] = Counter()
    by_type: Counter[str] = Counter()
    total = runs = 0
    for model, type, cost, n in rows.values_list("model", "task__type").annotate(Sum("cost_microusd"), n=Count("id")):
        by_model[model] += cost
        by_type[type or "NONE"] += cost
        total, runs = total + cost, runs + n
    return {
        "total": dollars(total),
        "byModel": {model: dollars(cost) for model, cost in sorted(by_model.items())},
        "byTaskType": {type: dollars(cost) for type, cost in sorted(by_type.items())},
        "runs": runs,
        "avgCostPerRun": dollars(round(total / runs)) if runs else 0,
    }


def figures_of(agent: Agent, *, now: datetime) -> dict[str, Any]:
    """What one agent has done and does."""
    mine = my_tasks(agent)
    done = mine.filter(status=Task.Status.DONE)
    mandate = Mandate.objects.filter(agent=agent).first() or Mandate()
    return {
        "tasksCompleted": done.count(),
        "tasksInProgress": mine.filter(status=Task.Status.IN_PROGRESS).count(),
        "spendToday": dollars(0 if mandate.is_reset_due(now) else mandate.spend_today_microusd),
        "spendThisWeek": costs_of(agent, period="week", now=now)["total"],
        "avgTaskDuration": _average_duration(done),
        "errorRate": _error_rate(agent, now),
    }


def _average_duration(done: Any) -> float | None:
    spans = [
        (completed - started).total_seconds()
        for started, completed in done.filter(brief__started_at__isnull=False, completed_at__isnull=False).values_list(
            "brief__started_at", "completed_at"
        )
    ]
    return round(sum(spans) / len(spans), 3) if spans else None


def _error_rate(agent: Agent, now: datetime) -> float:
    finished = Run.objects.filter(agent=agent, status__in=Run.FINAL, created_at__gte=now - ERRORS_OVER)
    counted = finished.aggregate(n=Count("id"), bad=Count("id", Q(status__in=[Run.Status.FAILED, Run.Status.TIMEOUT])))
    return round(counted["bad"] / counted["n"], 4) if counted["n"] else 0


def newest_runs(agent: Agent) -> list[Run]:
    return list(Run.objects.filter(agent=agent).select_related("agent", "task").order_by("-id")[:RUNS_SHOWN])
