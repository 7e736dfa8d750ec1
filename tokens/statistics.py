"""What clients' statistics are made of: the newest reports as plain rows, and the sums of agents over many days.

The statements are written out: turning ten thousand reports into objects takes longer than all that is done with them.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from django.db import connection
from django.db.models import Count, FloatField, Q, Sum
from django.db.models.functions import Cast

from core.clock import milliseconds
from core.rows import adapted, ask

from .models import Rollup, TokenUsage, TokenUsageQuerySet
from .services import DAY, HOUR

# Statistics cover that many reports.
NEWEST = 10_000
COLUMNS = (
    "id", "model", "session_id", "agent_name", "input_tokens", "output_tokens", "cost_microusd", "operation",
    "duration_ms", "task_id", "project_id", "workspace_id",
)  # fmt: skip
D = Rollup.Dimension
REQUESTS = Count("id", filter=~Q(operation=TokenUsage.CORRECTION))
# As floating point, which holds any sum, and exactly those that are not absurd.
SUMS = {
    letter: Sum(Cast(name, FloatField()))
    for letter, name in (("i", "input_tokens"), ("o", "output_tokens"), ("c", "cost_microusd"))
}


class Use(NamedTuple):
    """One report. `at` in Unix milliseconds."""

    id: int
    model: str
    session_id: str
    agent_name: str
    input_tokens: int
    output_tokens: int
    cost_microusd: int
    operation: str
    duration_ms: float | None
    task_id: int | None
    project_id: int | None
    workspace_id: int
    at: int

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens

    @property
    def requests(self) -> int:
        return 0 if self.operation == TokenUsage.CORRECTION else 1


@dataclass(slots=True)
class Figures:
    input_tokens: int = 0
    output_tokens: int = 0
    cost_microusd: int = 0
    requests: int = 0

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens

    def add(self, tokens_in: float, tokens_out: float, cost: float, requests: int) -> None:
        self.input_tokens += int(tokens_in)
        self.output_tokens += int(tokens_out)
        self.cost_microusd += int(cost)
        self.requests += requests


@dataclass(slots=True)
class AgentSums:
    """What one agent took: by model and in all, in how many sessions, and when the last of it was (milliseconds)."""

    name: str
    models: dict[str, Figures] = field(default_factory=lambda: defaultdict(Figures))
    total: Figures = field(default_factory=Figures)
    sessions: int = 0
    last: int = 0


def newest(workspace_id: int, *, since: datetime | None, limit: int = NEWEST) -> list[Use]:
    """Reports since that moment, newest first."""
    text = (
        f"SELECT {', '.join(COLUMNS)}, {_milliseconds('at')} FROM {TokenUsage._meta.db_table} WHERE workspace_id = %s"
    )
    parameters = [workspace_id]
    if since is not None:
        text, parameters = f"{text} AND at >= %s", [workspace_id, adapted(since)]
    return [Use(*row) for row in ask(f"{text} ORDER BY at DESC, id DESC LIMIT %s", [*parameters, limit])]


def by_agent(workspace_id: int, *, since: datetime) -> list[AgentSums]:
    """Every agent that reported since that moment, exact to the report: whole days from the sums, the rest of the
    first day from the reports. The largest first."""
    first = _next(since, DAY)
    agents: dict[str, AgentSums] = {}
    days = Rollup.objects.filter(workspace_id=workspace_id, dimension=D.AGENT, starts__gte=int(first.timestamp()))
    edge = _between(workspace_id, since, first)
    for rows, name, model in ((days, "key", "part"), (edge, "agent_name", "model")):
        requests = Sum("requests") if rows is days else REQUESTS
        for agent, part, *figures in rows.values_list(name, model).annotate(**SUMS, n=requests).order_by():
            sums = agents.setdefault(agent, AgentSums(agent))
            sums.models[part].add(*figures)
            sums.total.add(*figures)
    for name, sessions, last in _sessions(workspace_id, since):
        if name in agents:
            agents[name].sessions, agents[name].last = sessions, last
    return sorted(agents.values(), key=lambda sums: (-sums.total.tokens, sums.name))


def hours(workspace_id: int, *, since: datetime) -> list[tuple[int, Figures]]:
    """(start of the hour, what was taken) for the hours that are not empty, the first one cut at `since`."""
    first = _next(since, HOUR)
    found: dict[int, Figures] = defaultdict(Figures)
    edge = _between(workspace_id, since, first).aggregate(**SUMS, n=REQUESTS, rows=Count("id"))
    if edge["rows"]:
        found[int(first.timestamp()) - HOUR].add(edge["i"], edge["o"], edge["c"], edge["n"])
    rows = Rollup.objects.filter(workspace_id=workspace_id, dimension=D.TOTAL, starts__gte=int(first.timestamp()))
    for start, *figures in rows.values_list("starts", "input_tokens", "output_tokens", "cost_microusd", "requests"):
        found[start].add(*figures)
    return sorted(found.items())


def _between(workspace_id: int, since: datetime, until: datetime) -> TokenUsageQuerySet:
    return TokenUsage.objects.in_workspace(workspace_id).filter(at__gte=since, at__lt=until)


def _sessions(workspace_id: int, since: datetime) -> list[tuple[str, int, int]]:
    """(agent, number of sessions, last report): a session that was heard of since then has a report since then."""
    rows = ask(
        f"SELECT key, count(*), max(last) FROM {Rollup._meta.db_table}"
        " WHERE dimension = 'session' AND workspace_id = %s AND last >= %s GROUP BY key",
        [workspace_id, milliseconds(since)],
    )
    return [(name, sessions, last) for name, sessions, last in rows]


def _next(moment: datetime, step: int) -> datetime:
    """The first full hour or day (UTC) at or after the moment."""
    stamp = moment.timestamp()
    begun = stamp // step * step
    return datetime.fromtimestamp(begun if begun == stamp else begun + step, UTC)


def _milliseconds(column: str) -> str:
    if connection.vendor == "postgresql":
        return f"floor(extract(epoch from {column}) * 1000)::bigint"
    # SQLite keeps a time as text, its fraction from the 21st sign on, unless that is zero.
    return f"CAST(strftime('%%s', {column}) AS INTEGER) * 1000 + CAST(substr({column}, 21, 3) AS INTEGER)"
