"""What came over, what did not, and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Report:
    brought: Counter[str] = field(default_factory=Counter)
    known: Counter[str] = field(default_factory=Counter)
    # (table, reason) → number of rows
    skipped: Counter[tuple[str, str]] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    def skip(self, table: str, reason: str, n: int = 1) -> None:
        self.skipped[table, reason] += n

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def summary(self) -> dict[str, dict[str, int]]:
        skipped: Counter[str] = Counter()
        for (table, _), n in self.skipped.items():
            skipped[table] += n
        return {"brought": dict(self.brought), "already_there": dict(self.known), "skipped": dict(skipped)}
