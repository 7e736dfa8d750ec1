"""An agent's last hour in 60 bits: one a minute, the newest in bit 0."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

MINUTES = 60
MASK = (1 << MINUTES) - 1


@dataclass(frozen=True, slots=True)
class Pulse:
    """Bits of beats, of work (tokens reported) and of errors, as of `minute` (minutes since 1970)."""

    minute: int = 0
    beats: int = 0
    work: int = 0
    errors: int = 0

    def at(self, now: datetime) -> Pulse:
        """The same history seen from `now`: minutes that have passed since are silent."""
        minute = int(now.timestamp()) // 60
        passed = minute - self.minute
        if passed <= 0:
            return self
        if passed >= MINUTES:
            return Pulse(minute)
        return Pulse(minute, self.beats << passed & MASK, self.work << passed & MASK, self.errors << passed & MASK)

    def beat(self, now: datetime, *, working: bool = False, failed: bool = False) -> Pulse:
        here = self.at(now)
        return Pulse(here.minute, here.beats | 1, here.work | working, here.errors | failed)

    def ticks(self, now: datetime) -> list[str]:
        here = self.at(now)
        return [here._tick(1 << age) for age in reversed(range(MINUTES))]

    def _tick(self, bit: int) -> str:
        if self.errors & bit:
            return "error"
        if self.work & bit:
            return "work"
        return "beat" if self.beats & bit else "silent"
