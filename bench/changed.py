"""Reading a list that changed since the last read: no cache can help, so this is the price of the list itself.

Alone: one connection sends a write, waits for its answer, then reads; only the read is timed. The figure is
1 / mean time of the read, so it contains the connection and this driver (about 0.1 ms).
Mixed: 16 connections do the same at once; the note says how many reads a second came out beside as many writes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from bench.figures import Figure, percentile
from bench.rates import CONNECTIONS, Load
from bench.wire import Target, Wire

PAIRS_PER_SECOND = 60
Write = tuple[str, str, dict[str, Any]]
PRIORITIES = ("low", "medium", "high", "critical")


@dataclass(slots=True)
class Alternation:
    """A read, and a cheap write that changes what it answers; `write` makes the i-th one."""

    target: Target
    path: str
    write: Callable[[int], Write]
    numbers: count[int] = field(default_factory=count)

    async def pair(self, wire: Wire) -> float:
        """Seconds the read took."""
        await wire.call(*self.write(next(self.numbers)))
        request = self.target.request("GET", self.path)
        began = time.perf_counter()
        status, body = await wire.send(request)
        seconds = time.perf_counter() - began
        if status != 200 or not body:
            raise RuntimeError(f"GET {self.path} answered {status}")
        return seconds

    async def alone(self, pairs: int) -> list[float]:
        wire = Wire(self.target)
        seconds = [await self.pair(wire) for _ in range(pairs)]
        wire.close()
        return seconds

    async def mixed(self, seconds: float) -> float:
        """Reads per second."""
        end, reads = time.perf_counter() + seconds, 0

        async def worker() -> None:
            nonlocal reads
            wire = Wire(self.target)
            while time.perf_counter() < end:
                await self.pair(wire)
                reads += 1
            wire.close()

        await asyncio.gather(*(worker() for _ in range(CONNECTIONS)))
        return reads / seconds


def changing_tasks(target: Target, tasks: list[int]) -> Alternation:
    def write(i: int) -> Write:
        return "PUT", f"/api/tasks/{tasks[i % len(tasks)]}", {"priority": PRIORITIES[i // len(tasks) % 4]}

    return Alternation(target, "/api/tasks?limit=50", write)


def changing_agents(target: Target, names: list[str]) -> Alternation:
    def write(i: int) -> Write:
        status = ("idle", "busy")[i // len(names) % 2]
        return "PUT", "/api/agents", {"name": names[i % len(names)], "status": status}

    return Alternation(target, "/api/agents?limit=20", write)


async def measure(name: str, alternation: Alternation, load: Load) -> Figure:
    await alternation.alone(20)
    alone = await alternation.alone(round(PAIRS_PER_SECOND * load.seconds * load.runs))
    mixed = await alternation.mixed(load.seconds)
    detail = {"mixed_reads_per_s": mixed} | {f"p{p}_ms": percentile(alone, p) * 1000 for p in (50, 95, 99)}
    return Figure(
        name, len(alone) / sum(alone), "/s", note=f"alone; mixed {mixed:,.0f} reads/s + as many writes", detail=detail
    )
