"""What an examination finds, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    GOOD = "ok"
    DOUBTFUL = "warning"
    BAD = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """`fix` says what to do, and is empty when nothing is to be done. No secret stands in any of it."""

    name: str
    verdict: Verdict
    detail: str
    fix: str = ""


def judged(name: str, detail: str, *, unless: bool, fix: str, verdict: Verdict = Verdict.BAD) -> Finding:
    """Good, unless."""
    return Finding(name, verdict, detail, fix) if unless else Finding(name, Verdict.GOOD, detail)
