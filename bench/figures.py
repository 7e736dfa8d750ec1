"""What is measured, what it should be, and whether it is."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Goal:
    value: float
    at_most: bool = False

    def met(self, value: float) -> bool:
        return value <= self.value if self.at_most else value >= self.value


# Bare ASGI answers per second of the machine that the goals were set for.
REFERENCE = 40_000
TIMES = {"ms", "s"}

# Requests per second at least; milliseconds, kB, MiB and seconds at most.
GOALS = {
    "heartbeat with token_usage": Goal(3500),
    "token report": Goal(3500),
    "run report": Goal(3000),
    "run report with a key": Goal(3000),
    "list of 50 tasks, unchanged": Goal(6000),
    "list of 50 tasks, changed between all": Goal(600),
    "list of 20 agents, unchanged": Goal(6000),
    "list of 20 agents, changed between all": Goal(900),
    "create task": Goal(700),
    "event at all of 200 clients, p95": Goal(10, at_most=True),
    "event at all of 2000 clients, p95": Goal(70, at_most=True),
    "15 events/s at 1,000 sockets and 1,000 streams, p99": Goal(250, at_most=True),
    "memory with all of these": Goal(300, at_most=True),
    "200 events at all of these": Goal(12, at_most=True),
    "2,000 sockets back after a restart, 500 events each": Goal(15, at_most=True),
    "memory with 10,000 sockets at rest": Goal(600, at_most=True),
    "webhook deliveries": Goal(300),
    "event at a webhook, p95": Goal(1000, at_most=True),
    "event at 800 webhooks while 200 hang, last": Goal(2000, at_most=True),
    "costs page": Goal(50, at_most=True),
    "board page": Goal(150, at_most=True),
    "board page, size": Goal(300, at_most=True),
    "memory of a web process": Goal(150, at_most=True),
    "memory of the worker": Goal(150, at_most=True),
    "second start to first answer": Goal(3, at_most=True),
}


@dataclass(slots=True)
class Figure:
    """`fault` says why the figure does not count."""

    work: str
    value: float
    unit: str
    note: str = ""
    fault: str = ""
    detail: dict[str, Any] = field(default_factory=dict)

    @property
    def goal(self) -> Goal | None:
        if self.work.startswith("GET /api/"):
            return Goal(150 if "/search" in self.work else 100, at_most=True)
        return GOALS.get(self.work)

    @property
    def good(self) -> bool:
        return not self.fault and (self.goal is None or self.goal.met(self.value))

    def good_on(self, limit: float) -> bool:
        """Whether the goal is met in proportion to what this machine can do at all."""
        return self.good or (not self.fault and self.goal is not None and self.goal.met(self.on_reference(limit)))

    def on_reference(self, limit: float) -> float:
        """The figure as it would be on the machine that the goals were set for, if that is the faster one."""
        pace = min(1.0, limit / REFERENCE) if limit else 1.0
        if self.unit == "/s":
            return self.value / pace
        return self.value * pace if self.unit in TIMES else self.value

    def share_of(self, limit: float) -> str:
        return f"{100 * self.value / limit:.1f} %" if self.unit == "/s" and limit else ""


def failed(work: str, unit: str, fault: str) -> Figure:
    return Figure(work, math.nan, unit, fault=fault)


def median_of(figures: Sequence[Figure]) -> Figure:
    """The middle run; a faulty run spoils the whole figure."""
    spoiled = [figure for figure in figures if figure.fault]
    if spoiled:
        return spoiled[0]
    middle = statistics.median_low([figure.value for figure in figures])
    chosen = next(figure for figure in figures if figure.value == middle)
    chosen.detail["runs"] = [round(figure.value, 2) for figure in figures]
    return chosen


def percentile(values: Sequence[float], percent: float) -> float:
    ordered = sorted(values)
    return ordered[max(math.ceil(len(ordered) * percent / 100) - 1, 0)] if ordered else math.nan
