"""The sections of an agent's diagnostics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import cached_property

from django.db.models import Count, QuerySet

from agents.models import Agent
from agents.stories import FAILURES, Counted, Span, counted, told_by
from api.schemas import NUMBER, TEXT, WHOLE, each, has, many, maybe
from core.clock import iso, seconds, start_of_hour
from realtime.wire import legacy
from tasks.models import PRIORITIES, Task
from tokens.of_agents import spending_of

from .agent_report_parts import (
    MODEL_ROW,
    TIMEFRAME,
    TOLD,
    TOTAL,
    Section,
    counts_by_type,
    model_row,
    told_out,
    total_of,
)

RECENT_TASKS, RECENT_ERRORS = 10, 20
# A change by this many per cent is worth an alert.
SHARP = 50
DONE_COLUMNS = ("title", "priority", "outcome", "completed_at", "updated_at")


class Known:
    """What is asked of the log and the tasks at most once, whatever sections are shown."""

    def __init__(self, agent: Agent, span: Span) -> None:
        self.agent, self.span = agent, span
        self.before = Span(span.since - (span.until - span.since), span.since)

    @cached_property
    def counts(self) -> list[Counted]:
        return counted(self.agent, self.span)

    @cached_property
    def by_type(self) -> Counter[str]:
        return counts_by_type(self.counts)

    @cached_property
    def completed(self) -> int:
        return self.tasks_done(self.span).count()

    @cached_property
    def by_status(self) -> Counter[str]:
        statuses: Counter[str] = Counter()
        for _, status, n in Task.objects.counts_of(self.agent.workspace_id, [self.agent.name]):
            statuses[legacy.STATUS_WORDS[status]] += n
        return statuses

    @property
    def tasks(self) -> QuerySet[Task]:
        return Task.objects.filter(workspace_id=self.agent.workspace_id, assigned_to=self.agent.name)

    def tasks_done(self, span: Span) -> QuerySet[Task]:
        return self.tasks.filter(status=Task.Status.DONE, completed_at__gte=span.since, completed_at__lt=span.until)


def _errors_in(types: Counter[str]) -> int:
    return sum(n for type, n in types.items() if type in FAILURES)


def _ranked(types: Counter[str]) -> list[Section]:
    return [{"type": type, "count": n} for type, n in sorted(types.items(), key=lambda item: (-item[1], item[0]))]


def summary(known: Known) -> Section:
    activities, errors = known.by_type.total(), _errors_in(known.by_type)
    return {
        "tasks_completed": known.completed,
        "tasks_total": known.by_status.total(),
        "activity_count": activities,
        "error_count": errors,
        "error_rate_percent": round(100 * errors / activities, 2) if activities else 0,
    }


def tasks(known: Known) -> Section:
    priorities = known.tasks.order_by().values_list("priority").annotate(n=Count("id")).order_by("priority")
    recent = known.tasks_done(known.span).only(*DONE_COLUMNS).order_by("-completed_at", "-id")[:RECENT_TASKS]
    days = (known.span.until - known.span.since).total_seconds() / 86_400
    return {
        "by_status": dict(known.by_status),
        "by_priority": {PRIORITIES[priority]: n for priority, n in priorities},
        "recent_completed": [_completed(task) for task in recent],
        "throughput_per_day": round(known.completed / days, 2),
    }


def _completed(task: Task) -> Section:
    return {
        "id": task.pk,
        "title": task.title,
        "priority": task.priority_word,
        "outcome": task.outcome,
        "completed_at": seconds(task.completed_at),
        "updated_at": seconds(task.updated_at),
    }


def errors(known: Known) -> Section:
    types = Counter({type: n for type, n in known.by_type.items() if type in FAILURES})
    recent = told_by(known.agent, known.span, types=FAILURES, most=RECENT_ERRORS) if types else []
    return {"by_type": _ranked(types), "total": types.total(), "recent": [told_out(row) for row in recent]}


def activity(known: Known) -> Section:
    hours: Counter[str] = Counter()
    for count in known.counts:
        hours[count.hour] += count.n
    return {"by_type": _ranked(known.by_type), "timeline": [_bucket(hour, n) for hour, n in sorted(hours.items())]}


def _bucket(hour: str, n: int) -> Section:
    start = start_of_hour(hour)
    return {"timestamp": seconds(start), "hour": iso(start), "count": n}


def trends(known: Known) -> Section:
    past = counts_by_type(counted(known.agent, known.before))
    now = _period(known.by_type, known.completed)
    before = _period(past, known.tasks_done(known.before).count())
    change = {f"{name}_pct": _change(now[name], before[name]) for name in now}
    return {"current_period": now, "previous_period": before, "change": change, "alerts": _alerts(now, before, change)}


def _period(types: Counter[str], completed: int) -> dict[str, int]:
    return {"activities": types.total(), "errors": _errors_in(types), "tasks_completed": completed}


def _change(now: int, before: int) -> float:
    if before == 0:
        return 100 if now else 0
    return round(100 * (now - before) / before, 1)


def _alerts(now: dict[str, int], before: dict[str, int], change: dict[str, float]) -> list[Section]:
    alerts = []
    if change["errors_pct"] >= SHARP:
        alerts.append(("warning", f"Errors rose from {before['errors']} to {now['errors']}"))
    if before["activities"] and not now["activities"]:
        alerts.append(("warning", "No activity in this period, after some in the one before"))
    elif change["activities_pct"] <= -SHARP:
        alerts.append(("info", f"Activity fell from {before['activities']} to {now['activities']}"))
    if change["tasks_completed_pct"] <= -SHARP:
        alerts.append(("info", f"Completed tasks fell from {before['tasks_completed']} to {now['tasks_completed']}"))
    return [{"level": level, "message": message} for level, message in alerts]


def tokens(known: Known) -> Section:
    agent, span = known.agent, known.span
    lines = spending_of(agent.workspace_id, agent.name, since=span.since, until=span.until).models
    return {"by_model": [model_row(line) for line in lines], "total": total_of(lines)}


SECTIONS: dict[str, Callable[[Known], Section]] = {
    "summary": summary,
    "tasks": tasks,
    "errors": errors,
    "activity": activity,
    "trends": trends,
    "tokens": tokens,
}

BY_TYPE = many(has(type=TEXT, count=WHOLE))
PERIOD = has(activities=WHOLE, errors=WHOLE, tasks_completed=WHOLE)
DONE_TASK = has(id=WHOLE, title=TEXT, priority=TEXT, outcome=maybe(TEXT), completed_at=WHOLE, updated_at=WHOLE)
DIAGNOSTICS = has(
    *SECTIONS,
    agent=has(id=WHOLE, name=TEXT, role=TEXT, status=TEXT),
    timeframe=TIMEFRAME,
    summary=has(
        tasks_completed=WHOLE, tasks_total=WHOLE, activity_count=WHOLE, error_count=WHOLE, error_rate_percent=NUMBER
    ),
    tasks=has(
        by_status=each(WHOLE), by_priority=each(WHOLE), recent_completed=many(DONE_TASK), throughput_per_day=NUMBER
    ),
    errors=has(by_type=BY_TYPE, total=WHOLE, recent=many(TOLD)),
    activity=has(by_type=BY_TYPE, timeline=many(has(timestamp=WHOLE, hour=TEXT, count=WHOLE))),
    trends=has(
        current_period=PERIOD,
        previous_period=PERIOD,
        change=has(activities_pct=NUMBER, errors_pct=NUMBER, tasks_completed_pct=NUMBER),
        alerts=many(has(level=TEXT, message=TEXT)),
    ),
    tokens=has(by_model=many(MODEL_ROW), total=TOTAL),
)
