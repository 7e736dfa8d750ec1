"""The search itself."""

from __future__ import annotations

from core.actors import Actor, Role

from .corpora import LONGEST
from .hits import Hit
from .sources import SOURCES

FOR_ADMINISTRATORS = {"audit"}


def search(*, actor: Actor, text: str, type: str = "", limit: int) -> tuple[list[Hit], int]:
    """What the caller may see, best first, then newest; and how many were found before the list was cut."""
    hits: list[Hit] = []
    for name, source in SOURCES.items():
        if type in ("", name) and limit and len(text) <= LONGEST and may_see(actor, name):
            hits += source(text, actor.workspace_id, limit)
    hits.sort(key=lambda hit: (hit.relevance, hit.created_at), reverse=True)
    return hits[:limit], len(hits)


def may_see(actor: Actor, type: str) -> bool:
    return type not in FOR_ADMINISTRATORS or actor.can(Role.ADMIN)
