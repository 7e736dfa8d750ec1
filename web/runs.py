"""What the work on a task cost: estimate and spending, by agent, and run by run with the tools that were used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, F, Sum

from tasks.models import Brief, Task
from tokens.models import Run, ToolCall
from web import words

from .history import Page

AGENTS, CALLS = 8, 50
TOKENS = F("input_tokens") + F("output_tokens") + F("cache_read_tokens") + F("cache_write_tokens")


@dataclass(frozen=True, slots=True)
class Share:
    """What one agent's runs took."""

    name: str
    runs: int
    tokens: int
    cost: int


@dataclass(frozen=True, slots=True)
class Spent:
    """Money in micro-dollars. `actual` is what was booked on the task, helpers on tasks of their own included."""

    estimate: int | None
    actual: int
    shares: Sequence[Share]
    others: int
    runs: int
    tokens: int

    @property
    def by_runs(self) -> int:
        return sum(share.cost for share in self.shares) + self.others

    @property
    def elsewhere(self) -> int:
        return max(0, self.actual - self.by_runs)

    @property
    def is_over(self) -> bool:
        return self.estimate is not None and self.actual > self.estimate

    @property
    def scale(self) -> int:
        """The length that both sums are drawn on."""
        return max(self.actual, self.estimate or 0, 1)

    @property
    def is_told(self) -> bool:
        return bool(self.runs or self.actual or self.estimate is not None)

    @property
    def dearest(self) -> int:
        return max((share.cost for share in self.shares), default=0) or 1


def spent_on(task: Task, brief: Brief | None) -> Spent:
    rows = Run.objects.filter(task=task).values("agent__name")
    rows = rows.annotate(n=Count("id"), took=Sum(TOKENS), cost=Sum("cost_microusd")).order_by("-cost", "agent__name")
    shares = [Share(row["agent__name"], row["n"], row["took"] or 0, row["cost"] or 0) for row in rows]
    return Spent(
        estimate=brief.estimated_cost_microusd if brief else None,
        actual=brief.actual_cost_microusd if brief else 0,
        shares=shares[:AGENTS],
        others=sum(share.cost for share in shares[AGENTS:]),
        runs=sum(share.runs for share in shares),
        tokens=sum(share.tokens for share in shares),
    )


@dataclass(frozen=True, slots=True)
class Stretch:
    """One run."""

    run: Run
    calls: int
    now: datetime

    @property
    def sign(self) -> words.Sign:
        return words.ENDINGS[self.run.status]

    @property
    def is_estimated(self) -> bool:
        return self.run.cost_source == Run.CostSource.ESTIMATED and bool(self.run.cost_microusd)

    @property
    def lasted(self) -> str:
        ended = self.run.ended_at or self.now
        return duration((ended - self.run.started_at).total_seconds())


def runs_of(task: Task, *, before: int = 0, now: datetime) -> Page:
    rows = Run.objects.filter(task=task).select_related("agent").defer("metadata", "error")
    page = Page.of(rows, before)
    calls = ToolCall.objects.filter(run_id__in=[run.pk for run in page.rows]).values_list("run_id")
    counted = dict(calls.annotate(Count("id")))
    return Page([Stretch(run, counted.get(run.pk, 0), now) for run in page.rows], page.older)


@dataclass(frozen=True, slots=True)
class Call:
    """One use of a tool. `decision` and `why` are what the policy said before it."""

    call: ToolCall
    decision: str
    why: str
    approval: str

    @property
    def sign(self) -> words.Sign:
        return words.CALLS[self.call.status]

    @property
    def risk(self) -> words.Sign:
        return words.RISKS[self.call.risk_level]

    @property
    def lasted(self) -> str:
        return "" if self.call.duration_ms is None else duration(self.call.duration_ms / 1000)


DECISIONS = {"ALLOW": "allowed", "DENY": "denied", "NEEDS_APPROVAL": "needs approval"}


def calls_of(run: Run, *, before: int = 0) -> Page:
    page = Page.of(ToolCall.objects.filter(run=run), before, CALLS)
    return Page([_call(row) for row in page.rows], page.older)


def _call(row: ToolCall) -> Call:
    told = row.policy_result if isinstance(row.policy_result, dict) else {}
    approval = str(told.get("approvalId") or "").removeprefix("approval_")
    decision = str(told.get("decision") or "")
    return Call(row, DECISIONS.get(decision, decision.lower()), str(told.get("reason") or ""), approval)


def duration(seconds: float) -> str:
    """Two units at most."""
    if seconds < 1:
        return f"{max(0, round(seconds * 1000))} ms"
    whole = int(seconds)
    for size, unit, smaller in ((86400, "d", "h"), (3600, "h", "min"), (60, "min", "s")):
        if whole >= size:
            rest = whole % size // {"h": 3600, "min": 60, "s": 1}[smaller]
            return f"{whole // size} {unit}{f' {rest} {smaller}' if rest else ''}"
    return f"{seconds:.1f} s" if seconds < 10 else f"{whole} s"
