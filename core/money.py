"""Money: whole micro-dollars inside, numbers of dollars at the edges."""

from __future__ import annotations

MICRO = 1_000_000


def dollars(microusd: int, digits: int = 6) -> float:
    return round(microusd / MICRO, digits)


def micro(usd: float) -> int:
    return round(usd * MICRO)
