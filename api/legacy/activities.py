"""The activity feed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from activity.catalogue import STORIES
from activity.models import STORY_COLUMNS, Event
from core.clock import iso, seconds, start_of_hour

from .base import LegacyView, whole
from .docs import describe
from .entities import entities_of
from .queries import after, words_of

CAP, TOP = 500, 10


class Activities(LegacyView):
    route = "activities"

    @describe(
        "What happened, newest first; `stats` counts instead.",
        query=("type", "actor", "entity_type", "since", "stats", "hours"),
        paged=True,
        answers={200: "Activities"},
    )
    def get(self, request: Request) -> Response:
        if "stats" in request.query_params:
            return self._stats()
        limit, offset = self.page(cap=CAP)
        rows = self._filtered()
        total = rows.count()
        shown = list(rows.values(*STORY_COLUMNS)[offset : offset + limit])
        return Response(
            {
                "activities": entities_of(shown, self.actor.workspace_id),
                "total": total,
                "hasMore": offset + len(shown) < total,
            }
        )

    def _filtered(self) -> QuerySet[Event]:
        rows = Event.objects.stories(self.actor.workspace_id)
        if types := words_of(self.query("type")):
            rows = rows.filter(type__in=types)
        if actor := self.query("actor"):
            rows = rows.filter(actor=actor).order_by("-at", "-id")
        if entity := self.query("entity_type"):
            # Each type speaks of one kind of entity, and an index finds rows by their type.
            rows = rows.filter(type__in=[type for type, kind in STORIES.items() if kind == entity])
        if since := after(self.query("since")):
            rows = rows.filter(at__gte=since).order_by("-at", "-id")
        return rows

    def _stats(self) -> Response:
        hours = min(max(whole(self.query("hours"), 24), 1), 24 * 365)
        since = self.now - timedelta(hours=hours)
        home = self.actor.workspace_id
        types, actors, by_hour = (
            Event.objects.stories_by(what, home, since=since) for what in ("type", "actor", "hour")
        )
        return Response(
            {
                "timeframe": f"{hours} hours",
                "activityByType": [{"type": type, "count": n} for type, n in types],
                "topActors": [{"actor": actor, "activity_count": n} for actor, n in actors[:TOP]],
                "timeline": [_bucket(hour, n) for hour, n in sorted(by_hour)],
            }
        )


def _bucket(hour: str, n: int) -> dict[str, Any]:
    start = start_of_hour(hour)
    return {"timestamp": seconds(start), "count": n, "hour": iso(start)}
