"""Questions about spending, answered from the sums; only lists of single reports read the reports."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db.models import Sum

from core.money import MICRO

from .models import Budget, Rollup
from .services import DAY, HOUR

D = Rollup.Dimension


@dataclass(frozen=True, slots=True)
class Line:
    """What one key of a dimension took in a span. Money in micro-dollars."""

    key: str
    cost_microusd: int
    input_tokens: int
    output_tokens: int
    requests: int

    @property
    def dollars(self) -> float:
        return self.cost_microusd / MICRO

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens


@dataclass(frozen=True, slots=True)
class Month:
    """The running month against its budget. `forecast` goes on at the month's daily mean."""

    spent_microusd: int
    forecast_microusd: int
    budget_microusd: int | None
    days_gone: float
    days: int


def start_of_day(now: datetime, *, days_ago: int = 0) -> int:
    stamp = int(now.astimezone(UTC).timestamp())
    return stamp - stamp % DAY - days_ago * DAY


def total(workspace_id: int, *, since: int, until: int | None = None) -> Line:
    """All spending from `since` (Unix seconds, a full hour) on."""
    rows = Rollup.objects.filter(workspace_id=workspace_id, dimension=D.TOTAL, starts__gte=since)
    if until is not None:
        rows = rows.filter(starts__lt=until)
    sums = rows.aggregate(c=Sum("cost_microusd"), i=Sum("input_tokens"), o=Sum("output_tokens"), r=Sum("requests"))
    return Line("", sums["c"] or 0, sums["i"] or 0, sums["o"] or 0, sums["r"] or 0)


def by(dimension: str, workspace_id: int, *, since: int, top: int = 10) -> list[Line]:
    """The keys that cost most since that day, dearest first."""
    rows = (
        Rollup.objects.filter(workspace_id=workspace_id, dimension=dimension, starts__gte=since)
        .values("key")
        .annotate(c=Sum("cost_microusd"), i=Sum("input_tokens"), o=Sum("output_tokens"), r=Sum("requests"))
        .order_by("-c", "key")
    )
    return [Line(row["key"], row["c"], row["i"], row["o"], row["r"]) for row in rows[:top]]


def trend(workspace_id: int, *, since: int, until: int, step: int = DAY) -> list[tuple[int, Line]]:
    """One line for each hour or day from `since` until `until`, empty ones included."""
    rows = Rollup.objects.filter(
        workspace_id=workspace_id, dimension=D.TOTAL, starts__gte=since, starts__lt=until
    ).values_list("starts", "cost_microusd", "input_tokens", "output_tokens", "requests")
    sums = {start: [0, 0, 0, 0] for start in range(since, until, step)}
    for starts, *figures in rows:
        slot = sums[starts - (starts - since) % step]
        for place, figure in enumerate(figures):
            slot[place] += figure
    return [(start, Line("", *slot)) for start, slot in sums.items()]


def today_of_agents(workspace_id: int, names: Iterable[str], *, now: datetime) -> dict[str, int]:
    """Micro-dollars by agent name, since midnight UTC."""
    rows = Rollup.objects.filter(
        workspace_id=workspace_id, dimension=D.AGENT, starts=start_of_day(now), key__in=list(names)
    )
    return dict(rows.values_list("key").annotate(Sum("cost_microusd")))


def of_tasks(workspace_id: int, ids: Iterable[int]) -> dict[int, int]:
    """Micro-dollars by task id, ever."""
    keys = [str(id) for id in ids]
    rows = Rollup.objects.filter(workspace_id=workspace_id, dimension=D.TASK, starts=0, key__in=keys)
    return {int(key): cost for key, cost in rows.values_list("key", "cost_microusd")}


def month(workspace_id: int, *, now: datetime) -> Month:
    today = now.astimezone(UTC)
    first = datetime(today.year, today.month, 1, tzinfo=UTC)
    following = (first + timedelta(days=32)).replace(day=1)
    days = (following - first).days
    gone = max((today - first) / timedelta(days=1), 1 / 24)
    spent = total(workspace_id, since=int(first.timestamp())).cost_microusd
    budget = Budget.objects.filter(workspace_id=workspace_id).values_list("month_microusd", flat=True).first()
    return Month(spent, round(spent / gone * days), budget, gone, days)


def day_of(stamp: int) -> date:
    return datetime.fromtimestamp(stamp, UTC).date()


__all__ = ["DAY", "HOUR", "Line", "Month", "by", "day_of", "month", "of_tasks", "start_of_day", "total", "trend"]
