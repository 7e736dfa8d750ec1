"""Turns under a rate limit: free while the server limits nothing, else one by one, the most urgent first."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Mapping
from enum import IntEnum

WAIT_WITHOUT_HEADER = 5.0
LIMIT_WITHOUT_HEADER = 60
WINDOW = 60.0
SHARE = 0.95  # of what the server allows; the rest is for others at the same address


class Urgency(IntEnum):
    """What brings a task nearer to its end goes first, so that little is begun and much is finished."""

    VERDICT = 0
    RESULT = 1
    TALK = 2
    NEW = 3


def number(headers: Mapping[str, str], name: str, otherwise: float) -> float:
    try:
        return max(float(headers.get(name, "")), 0.0)
    except ValueError:
        return otherwise


class Throttle:
    """The callers of one limiter. `gap` is the time between two turns, 0 while there is no limit."""

    def __init__(self) -> None:
        self.gap = 0.0
        self.open_at = 0.0
        self._line: list[tuple[int, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def limited(self) -> bool:
        return self.gap > 0

    def allow(self, per_minute: float) -> None:
        """Keep a little below this from now on."""
        self.gap = WINDOW / max(per_minute, 1.0) / SHARE

    def refused(self, headers: Mapping[str, str]) -> None:
        self.open_at = max(self.open_at, time.monotonic() + number(headers, "Retry-After", WAIT_WITHOUT_HEADER))
        self.allow(number(headers, "X-RateLimit-Limit", LIMIT_WITHOUT_HEADER))

    async def wait(self, urgency: int = Urgency.NEW) -> None:
        if not self._line and self.open_at <= time.monotonic():
            self.open_at = time.monotonic() + self.gap
            return
        turn = asyncio.get_running_loop().create_future()
        heapq.heappush(self._line, (urgency, next(self._numbers), turn))
        self._call_later()
        await turn

    def _call_later(self) -> None:
        if self._timer is None and self._line:
            seconds = max(self.open_at - time.monotonic(), 0.0)
            self._timer = asyncio.get_running_loop().call_later(seconds, self._call)

    def _call(self) -> None:
        self._timer = None
        if self.open_at <= time.monotonic():
            self._call_next()
        self._call_later()

    def _call_next(self) -> None:
        while self._line:
            _, _, turn = heapq.heappop(self._line)
            if not turn.done():  # else its caller went home
                turn.set_result(None)
                self.open_at = time.monotonic() + self.gap
                return


class Throttles(dict[str, Throttle]):
    """One for each limiter. `beat:atlas` and `beat:wren` are limiters of their own, allowed the same."""

    def __init__(self) -> None:
        super().__init__()
        self.allowed: dict[str, float] = {}

    def __missing__(self, limiter: str) -> Throttle:
        self[limiter] = Throttle()
        if per_minute := self.allowed.get(limiter.partition(":")[0]):
            self[limiter].allow(per_minute)
        return self[limiter]
