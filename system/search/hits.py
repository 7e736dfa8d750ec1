"""One thing that was found, as people see it in the list."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

BEFORE, AFTER, OTHERWISE = 40, 80, 120
# How well it fits: the text stands in its name, or somewhere in it.
IN_NAME, SOMEWHERE = 2, 1


@dataclass(frozen=True, slots=True)
class Hit:
    type: str
    id: int
    title: str
    created_at: datetime
    relevance: int = SOMEWHERE
    # `subtitle` and `excerpt`, where the type has them.
    more: dict[str, Any] = field(default_factory=dict)


def relevance(name: str, text: str) -> int:
    return IN_NAME if text.lower() in name.lower() else SOMEWHERE


def excerpt(body: str | None, text: str) -> dict[str, str]:
    """The surroundings of the first match, or the beginning when the match is elsewhere; nothing of nothing."""
    if not body:
        return {}
    at = body.lower().find(text.lower())
    if at < 0:
        return {"excerpt": body[:OTHERWISE]}
    start, end = max(at - BEFORE, 0), at + len(text) + AFTER
    head, tail = "..." if start else "", "..." if end < len(body) else ""
    return {"excerpt": f"{head}{body[start:end]}{tail}"}
