"""One lane of an endpoint at work: its deliveries one after the other, until one fails."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence

from .client import Lines
from .posting import TIMEOUT, Outcome, post
from .services import Claimed

# `None` for a delivery that was not sent after all.
Report = Callable[[Claimed, Outcome | None], None]


async def drive(given: Sequence[Claimed], lines: Lines, report: Report) -> None:
    """Send in the given order. After a failure, and after a while, the rest is given back: the sender then looks anew
    at how the endpoint is."""
    waiting, width = deque(given), given[0].width
    end = time.monotonic() + TIMEOUT
    await asyncio.gather(*(_send(waiting, end, lines, report) for _ in range(min(width, len(given)))))
    for claimed in waiting:
        report(claimed, None)


async def _send(waiting: deque[Claimed], end: float, lines: Lines, report: Report) -> None:
    while waiting and time.monotonic() < end:
        claimed = waiting.popleft()
        outcome = await post(claimed.request, lines)
        report(claimed, outcome)
        if not outcome.success:
            return
