"""Reports about finished tasks: how they turned out, and whether a change made them slower."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import limits
from api.schemas import NUMBER, TEXT, WHOLE, each, has, many, maybe
from core.clock import END_OF_TIME, from_seconds, seconds
from core.errors import Invalid
from tasks.reports import Group, Window, common_errors, outcome_groups, window

from .base import LegacyView, whole
from .docs import describe

PERIODS = {"day": timedelta(days=1), "week": timedelta(days=7), "month": timedelta(days=30)}
WORDS = ("success", "failed", "partial", "abandoned", "unknown")
LOOKBACK, SHORTEST, LONGEST = 604_800, 60, 2_592_000
DEFINITIONS = {
    "p95_task_latency_seconds": "95th percentile (nearest rank) of completed_at - created_at of the tasks that were"
    " completed in the window",
    "intervention_rate": "Share of the tasks completed in the window that were retried, carry an error message, or"
    " ended as failed, partial or abandoned",
}

COUNTS = dict.fromkeys(WORDS, WHOLE)
BUCKET = has(**COUNTS, total=WHOLE, success_rate=NUMBER)
OUTCOMES = has(
    timeframe=TEXT,
    summary=has(
        total_done=WHOLE,
        with_outcome=WHOLE,
        by_outcome=has(**COUNTS),
        avg_retry_count=NUMBER,
        avg_time_to_resolution_seconds=NUMBER,
        success_rate=NUMBER,
    ),
    by_agent=each(BUCKET),
    by_priority=each(BUCKET),
    common_errors=many(has(error_message=TEXT, count=WHOLE)),
    record_count=WHOLE,
)
WINDOW = has(
    label=TEXT,
    start=WHOLE,
    end=WHOLE,
    sample_size=WHOLE,
    latency_seconds=has(p50=maybe(NUMBER), p95=maybe(NUMBER), avg=maybe(NUMBER)),
    interventions=has(count=WHOLE, rate=NUMBER),
)
REGRESSION = has(
    metric_definitions=has(**dict.fromkeys(DEFINITIONS, TEXT)),
    params=has(beta_start=WHOLE, lookback_seconds=WHOLE),
    windows=has(baseline=WINDOW, post=WINDOW),
    deltas=has(p95_latency_seconds=maybe(NUMBER), intervention_rate=NUMBER),
)


class Outcomes(LegacyView):
    route = "task-outcomes"

    @describe("How finished tasks turned out.", query=("timeframe",), answers={200: OUTCOMES})
    def get(self, request: Request) -> Response:
        timeframe = self.query("timeframe") or "all"
        period = PERIODS.get(timeframe)
        since = self.now - period if period else None
        groups = outcome_groups(workspace_id=self.actor.workspace_id, since=since)
        total = sum(sum(group.outcomes.values()) for group in groups)
        errors = common_errors(workspace_id=self.actor.workspace_id, since=since)
        return Response(
            {
                "timeframe": timeframe,
                "summary": _summary(groups, total),
                "by_agent": _buckets((group.assignee, group) for group in groups),
                "by_priority": _buckets((group.priority, group) for group in groups),
                "common_errors": errors,
                "record_count": total,
            }
        )


def _summary(groups: list[Group], total: int) -> dict[str, Any]:
    counts = _added(groups)
    resolved = sum(group.resolved for group in groups)
    return {
        "total_done": total,
        "with_outcome": total - counts["unknown"],
        "by_outcome": counts,
        "avg_retry_count": sum(group.retries for group in groups) / total if total else 0,
        "avg_time_to_resolution_seconds": round(sum(group.waited for group in groups) / resolved) if resolved else 0,
        "success_rate": _success_rate(counts),
    }


def _added(groups: Iterable[Group]) -> dict[str, int]:
    counts = dict.fromkeys(WORDS, 0)
    for group in groups:
        for word, n in group.outcomes.items():
            counts[word] += n
    return counts


def _success_rate(counts: dict[str, int]) -> float:
    """Of those whose outcome is known."""
    known = sum(counts.values()) - counts["unknown"]
    return counts["success"] / known if known else 0


def _buckets(named: Iterable[tuple[str, Group]]) -> dict[str, dict[str, float]]:
    found: dict[str, list[Group]] = {}
    for name, group in named:
        found.setdefault(name, []).append(group)
    return {name: _bucket(_added(groups)) for name, groups in found.items()}


def _bucket(counts: dict[str, int]) -> dict[str, float]:
    return {**counts, "total": sum(counts.values()), "success_rate": _success_rate(counts)}


class Regression(LegacyView):
    route = "task-regression"
    limit = limits.READ
    limited = frozenset({"GET"})

    @describe(
        "Finished tasks before and after a change.",
        query=("beta_start", "cutover", "lookback_seconds"),
        answers={200: REGRESSION},
    )
    def get(self, request: Request) -> Response:
        now = seconds(self.now) or 0
        start = _stamp(self.query("beta_start") or self.query("cutover"))
        if start is None:
            raise Invalid("beta_start query parameter is required (unix seconds or ISO timestamp)")
        if start > now:
            raise Invalid("beta_start must not be in the future")
        lookback = min(max(whole(self.query("lookback_seconds"), LOOKBACK), SHORTEST), LONGEST)
        end = now + 1
        before = start - min(lookback, max(SHORTEST, end - start))
        baseline, post = (self._window(*ends) for ends in ((before, start), (start, end)))
        p95 = (baseline.latency["p95"], post.latency["p95"])
        return Response(
            {
                "metric_definitions": DEFINITIONS,
                "params": {"beta_start": start, "lookback_seconds": lookback},
                "windows": {
                    "baseline": _window("baseline", before, start, baseline),
                    "post": _window("post", start, end, post),
                },
                "deltas": {
                    "p95_latency_seconds": None if None in p95 else p95[1] - p95[0],  # type: ignore[operator]
                    "intervention_rate": post.intervention_rate - baseline.intervention_rate,
                },
            }
        )

    def _window(self, start: int, end: int) -> Window:
        ends = {"start": from_seconds(start), "end": from_seconds(end)}
        return window(workspace_id=self.actor.workspace_id, **ends)  # type: ignore[arg-type]


def _window(label: str, start: int, end: int, found: Window) -> dict[str, Any]:
    return {
        "label": label,
        "start": start,
        "end": end,
        "sample_size": found.n,
        "latency_seconds": found.latency,
        "interventions": {"count": found.interventions, "rate": found.intervention_rate},
    }


def _stamp(text: str) -> int | None:
    """Unix seconds, or an ISO-8601 time; None when it is neither, or too early to be one."""
    try:
        stamp = int(float(text))
    except (ValueError, OverflowError):
        try:
            moment = datetime.fromisoformat(text.strip())
            stamp = int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
        except (ValueError, OverflowError):
            return None
    return min(stamp, END_OF_TIME) if stamp > 0 else None
