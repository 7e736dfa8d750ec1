"""What everybody in the scenario shares: the clock, the narrator, and the book of what was acknowledged."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from .teller import Teller

MICRO = 1_000_000
SECONDS_BETWEEN_LOOKS = 0.5
T = TypeVar("T")


class TooLong(Exception):
    """Somebody waited in vain."""


@dataclass(slots=True)
class Book:
    """What the server said yes to, by the agents' own account. Money in micro-dollars."""

    cost_of_task: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    spent_by: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    said: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    # What was told as tokens: the legacy dialect prices it by its list.
    tokens_on: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    tokens_by: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    approvals: dict[str, str] = field(default_factory=dict)

    def spent(self, agent: str, task: str, dollars: float) -> None:
        micro = round(dollars * MICRO)
        self.cost_of_task[task] += micro
        self.spent_by[agent] += micro

    def tokens(self, agent: str, task: str, micro: int) -> None:
        self.tokens_on[task] += micro
        self.tokens_by[agent] += micro

    def tell(self, task: str, words: str) -> None:
        self.said[task].append(words)


@dataclass(slots=True)
class Stage:
    """`pace` 1 is as fast as it goes; more leaves viewers time to read."""

    teller: Teller
    pace: float = 1.0
    patience: float = 60.0
    # What makes names and titles of this run its own, on a server that has seen an earlier one.
    tag: str = ""
    book: Book = field(default_factory=Book)
    # The task that an agent of the v1 dialect leaves for the legacy one, and the other way round.
    left_by_v1: asyncio.Future[str] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    left_by_legacy: asyncio.Future[str] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    # Everybody who wants the task that only one can have waits here for the others.
    contest: asyncio.Barrier = field(default_factory=lambda: asyncio.Barrier(3))

    def own(self, name: str) -> str:
        return f"{name}{self.tag}"

    async def beat(self) -> None:
        """A moment between two steps of somebody's work."""
        if self.pace > 1:
            await asyncio.sleep(0.7 * (self.pace - 1))

    async def until(self, look: Callable[[], Awaitable[T | None]], what: str) -> T:
        """What `look` sees at last."""
        loop = asyncio.get_running_loop()
        end = loop.time() + self.patience
        while (found := await look()) is None:
            if loop.time() > end:
                raise TooLong(f"waited {self.patience:.0f} s for {what}")
            await asyncio.sleep(SECONDS_BETWEEN_LOOKS)
        return found
