"""Whom and what the audit asks about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cast:
    """Ids as the v1 dialect has them. `until` is the last event that counts: asking is something that happens, too."""

    tasks: Sequence[str]
    agents: Sequence[str]
    approvals: Sequence[str]
    since: int = 0
    until: int = 0

    def counts(self, event: int) -> bool:
        return self.since <= event <= self.until


def number(id: str) -> int:
    return int(id.partition("_")[2])
