"""Search over everything a workspace holds."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import limits
from api.schemas import TEXT, WHOLE, has, many, maybe
from core.clock import seconds
from core.errors import Invalid
from system.search.hits import Hit
from system.search.searching import search
from system.search.sources import SOURCES

from .base import LegacyView
from .docs import describe

SHORTEST = 2
HIT = has(
    "subtitle", "excerpt",
    type={"type": "string", "enum": list(SOURCES)}, id=WHOLE, title=TEXT, subtitle=TEXT, excerpt=maybe(TEXT),
    created_at=WHOLE, relevance=WHOLE,
)  # fmt: skip


class Search(LegacyView):
    route = "search"
    limit = limits.HEAVY
    limited = frozenset({"GET"})

    @describe(
        "Everything that contains a text, best first, then newest.",
        query=("q", "type", "limit"),
        answers={200: has(query=TEXT, count=WHOLE, results=many(HIT))},
    )
    def get(self, request: Request) -> Response:
        text = self.query("q").strip()
        if len(text) < SHORTEST:
            raise Invalid(f"Query must be at least {SHORTEST} characters")
        limit, _ = self.page(default=30, cap=100)
        hits, count = search(actor=self.actor, text=text, type=self.query("type"), limit=limit)
        return Response({"query": text, "count": count, "results": [_out(hit) for hit in hits]})


def _out(hit: Hit) -> dict[str, Any]:
    end = {"created_at": seconds(hit.created_at), "relevance": hit.relevance}
    return {"type": hit.type, "id": hit.id, "title": hit.title, **hit.more, **end}
