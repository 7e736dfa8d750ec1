"""Second tries at once: what waits for one is sent without waiting for the sender."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

from webhooks.posting import Outcome, post_alone

from .claiming import Claimed, claim
from .settling import settle

AT_MOST = 50


def retry_due(*, now: datetime) -> tuple[int, int]:
    """Make the further tries that are due, side by side; returns how many got through, and how many failed."""
    claimed = claim(now=now, places=AT_MOST, at_most=AT_MOST, only_retries=True)
    outcomes = asyncio.run(_post_all(claimed)) if claimed else []
    settle([(one.id, outcome) for one, outcome in zip(claimed, outcomes, strict=True)], now=now)
    through = sum(outcome.success for outcome in outcomes)
    return through, len(outcomes) - through


async def _post_all(claimed: Sequence[Claimed]) -> list[Outcome]:
    return list(await asyncio.gather(*(post_alone(one.request) for one in claimed)))
