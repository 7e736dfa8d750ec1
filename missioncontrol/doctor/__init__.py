"""`manage.py doctor`: is this deployment sound, and what would make it so?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from . import channels, configuration, database, machine, processes, safety
from .finding import Finding, Verdict

AREAS: list[tuple[str, Callable[[datetime], Iterable[Finding]]]] = [
    ("configuration", configuration.examine),
    ("database", database.examine),
    ("processes", processes.examine),
    ("channels", channels.examine),
    ("machine", machine.examine),
    ("safety", safety.examine),
]


def examine(now: datetime) -> Iterator[tuple[str, Finding]]:
    """(area, finding) for everything there is to look at. What cannot be looked at is a finding too."""
    for area, look in AREAS:
        try:
            for finding in look(now):
                yield area, finding
        except Exception as error:
            yield area, Finding("Examination", Verdict.BAD, f"broke off: {error}", "Mend what is found above first.")
