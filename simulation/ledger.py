"""What the server acknowledged. Whatever stands here must be found in the database, once, also after a crash."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

FOREVER = float("inf")


@dataclass(frozen=True, slots=True)
class Usage:
    """One report of tokens. `acknowledged` is False when no answer came: it may be stored, or not."""

    agent: str
    model: str
    input_tokens: int
    output_tokens: int
    task_id: int | None = None
    acknowledged: bool = True

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens


@dataclass(frozen=True, slots=True)
class TaskWrite:
    """A status some request gave to a task, between `sent` and `answered` (never, when no answer came)."""

    status: str
    sent: float
    answered: float = FOREVER


@dataclass(frozen=True, slots=True)
class Spent:
    """Bounds of what the server may have counted for one agent: `sure` at least, `sure + unsure` at most."""

    sure: int = 0
    unsure: int = 0

    def plus(self, usage: Usage) -> Spent:
        if usage.acknowledged:
            return Spent(self.sure + usage.tokens, self.unsure)
        return Spent(self.sure, self.unsure + usage.tokens)


@dataclass(slots=True)
class Ledger:
    spent: dict[str, Spent] = field(default_factory=dict)
    reports: int = 0
    titles: dict[int, str] = field(default_factory=dict)
    writes: defaultdict[int, list[TaskWrite]] = field(default_factory=lambda: defaultdict(list))
    comments: defaultdict[int, dict[int, str]] = field(default_factory=lambda: defaultdict(dict))
    unsure_claims: set[str] = field(default_factory=set)

    def used_tokens(self, usage: Usage) -> None:
        self.spent[usage.agent] = self.spent.get(usage.agent, Spent()).plus(usage)
        self.reports += usage.acknowledged

    def created_task(self, task_id: int, title: str, status: str, sent: float) -> None:
        self.titles[task_id] = title
        self.wrote_task(task_id, status, sent)

    def wrote_task(self, task_id: int, status: str, sent: float, *, acknowledged: bool = True) -> None:
        answered = time.monotonic() if acknowledged else FOREVER
        self.writes[task_id].append(TaskWrite(status, sent, answered))

    def commented(self, task_id: int, comment_id: int, content: str) -> None:
        self.comments[task_id][comment_id] = content

    def lost_claim(self, agent: str) -> None:
        """A claim without an answer: this agent may now own a task nobody told it about."""
        self.unsure_claims.add(agent)

    def possible_statuses(self, task_id: int) -> set[str]:
        return possible_last(self.writes[task_id])

    @property
    def tokens(self) -> int:
        return sum(spent.sure for spent in self.spent.values())

    @property
    def comment_count(self) -> int:
        return sum(map(len, self.comments.values()))

    def as_json(self) -> dict[str, int]:
        return {
            "token_reports": self.reports,
            "tokens": self.tokens,
            "tasks_created": len(self.titles),
            "task_writes": sum(map(len, self.writes.values())),
            "comments": self.comment_count,
        }


def possible_last(writes: Iterable[TaskWrite]) -> set[str]:
    """Requests that overlap may be stored in either order; one answered before another was sent may not be last.

    A write without an answer may have been stored or not, so it rules out nothing.
    """
    writes = list(writes)
    last_start = max((write.sent for write in writes if write.answered < FOREVER), default=0.0)
    return {write.status for write in writes if write.answered >= last_start}
