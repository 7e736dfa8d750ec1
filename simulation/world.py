"""What everybody in the simulation shares: the clock, the client, and the running score."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass, field

from simulation.client import Client
from simulation.options import Options
from simulation.stories import Storyteller


class Over(Exception):
    """The simulation ends: leave everything and go home."""


@dataclass(slots=True)
class World:
    options: Options
    client: Client
    stories: Storyteller
    rng: random.Random
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    began: float = field(default_factory=time.monotonic)
    states: dict[str, str] = field(default_factory=dict)
    score: Counter[str] = field(default_factory=Counter)
    dollars: float = 0.0
    rejected_before: set[int] = field(default_factory=set)

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self.began

    @property
    def known_agents(self) -> list[str]:
        """Everybody who connected at least once, and so exists on the server."""
        return sorted(self.states)

    async def nap(self, seconds: float) -> None:
        """Let simulated time pass; with a rate of 2 it passes twice as fast."""
        try:
            await asyncio.wait_for(self.stopped.wait(), seconds / self.options.rate)
        except TimeoutError:
            return
        raise Over
