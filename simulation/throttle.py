"""Patience with rate limits: after a 429 the callers of one limiter wait, then go one by one at the allowed pace."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass

WAIT_WITHOUT_HEADER = 5.0
LIMIT_WITHOUT_HEADER = 60
WINDOW = 60.0


def number(headers: Mapping[str, str], name: str, otherwise: float) -> float:
    try:
        return max(float(headers.get(name, "")), 0.0)
    except ValueError:
        return otherwise


@dataclass(slots=True)
class Throttle:
    open_at: float = 0.0
    gap: float = 0.0

    @property
    def crowded(self) -> bool:
        """Somebody is waiting already: what can be left out should be."""
        return self.gap > 0 and self.open_at > time.monotonic()

    async def wait(self) -> None:
        now = time.monotonic()
        turn = max(now, self.open_at)
        if self.gap:
            self.open_at = turn + self.gap
        if turn > now:
            await asyncio.sleep(turn - now)

    def refused(self, headers: Mapping[str, str]) -> None:
        self.open_at = max(self.open_at, time.monotonic() + number(headers, "Retry-After", WAIT_WITHOUT_HEADER))
        self.gap = WINDOW / max(number(headers, "X-RateLimit-Limit", LIMIT_WITHOUT_HEADER), 1.0)
