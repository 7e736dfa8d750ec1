"""Counts and latencies. A histogram needs the same little memory after a minute and after a week."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Self

STEP = math.log(1.02)  # neighbouring buckets differ by 2 %, so a percentile is right to 1 %
FLOOR = 1e-6


@dataclass(slots=True)
class Histogram:
    buckets: Counter[int] = field(default_factory=Counter)
    count: int = 0
    total: float = 0.0
    highest: float = 0.0

    def add(self, seconds: float) -> None:
        seconds = max(seconds, FLOOR)
        self.buckets[round(math.log(seconds / FLOOR) / STEP)] += 1
        self.count += 1
        self.total += seconds
        self.highest = max(self.highest, seconds)

    def __iadd__(self, other: Histogram) -> Self:
        self.buckets += other.buckets
        self.count += other.count
        self.total += other.total
        self.highest = max(self.highest, other.highest)
        return self

    def percentile(self, percent: float) -> float:
        """The value that `percent` of all values do not exceed; 0 when there are none."""
        wanted, passed = math.ceil(self.count * percent / 100), 0
        for bucket in sorted(self.buckets):
            passed += self.buckets[bucket]
            if passed >= wanted:
                return min(FLOOR * math.exp(bucket * STEP), self.highest)
        return 0.0

    def as_json(self) -> dict[str, float]:
        named = {f"p{percent}_ms": self.percentile(percent) for percent in (50, 95, 99)}
        named["max_ms"] = self.highest
        return {"count": self.count} | {name: round(seconds * 1000, 2) for name, seconds in named.items()}


@dataclass(slots=True)
class Kind:
    """Everything that is counted about one kind of request."""

    latency: Histogram = field(default_factory=Histogram)
    statuses: Counter[int] = field(default_factory=Counter)

    @property
    def failed(self) -> int:
        return sum(times for status, times in self.statuses.items() if status == 0 or (status >= 400 and status != 429))


@dataclass(slots=True)
class Meters:
    """Status 0 stands for a request that got no answer."""

    kinds: dict[str, Kind] = field(default_factory=dict)
    samples: dict[int, str] = field(default_factory=dict)

    def add(self, kind: str, status: int, seconds: float) -> None:
        meter = self.kinds.setdefault(kind, Kind())
        meter.statuses[status] += 1
        if status:
            meter.latency.add(seconds)

    def keep_sample(self, status: int, text: str) -> None:
        """The first answer of each error status, so that the summary can show what went wrong."""
        self.samples.setdefault(status, " ".join(text.split())[:300])

    @property
    def statuses(self) -> Counter[int]:
        return sum((meter.statuses for meter in self.kinds.values()), Counter[int]())

    @property
    def requests(self) -> int:
        return self.statuses.total()

    def count(self, lowest: int, highest: int) -> int:
        return sum(times for status, times in self.statuses.items() if lowest <= status <= highest)

    def as_json(self) -> dict[str, object]:
        return {
            name: meter.latency.as_json()
            | {"statuses": {str(status): times for status, times in meter.statuses.items()}}
            for name, meter in sorted(self.kinds.items())
        }
