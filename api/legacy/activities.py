"""The activity feed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from activity.catalogue import STORIES
from activity.models import Event
from core.clock import from_seconds, iso, seconds

from .base import LegacyView, whole
from .docs import describe
from .entities import entities_of

CAP = 500
LATEST = 4_102_444_800
ROW = ("id", "type", "subject", "actor", "description", "data", "at", "workspace_id")


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
        shown = list(rows.values(*ROW)[offset : offset + limit])
        return Response(
            {
                "activities": entities_of(shown, self.actor.workspace_id),
                "total": total,
                "hasMore": offset + len(shown) < total,
            }
        )

    def _filtered(self) -> QuerySet[Event]:
        rows = Event.objects.stories(self.actor.workspace_id)
        if types := {word.strip() for word in self.query("type").split(",") if word.strip()}:
            rows = rows.filter(type__in=types)
        if actor := self.query("actor"):
            rows = rows.filter(actor=actor)
        if entity := self.query("entity_type"):
            # Each type speaks of one kind of entity, and an index finds rows by their type.
            rows = rows.filter(type__in=[type for type, kind in STORIES.items() if kind == entity])
        since = whole(self.query("since"), 0)
        if since > 0:
            # Whole seconds are shown, so "after 12" begins with 13.
            rows = rows.filter(at__gte=from_seconds(min(since, LATEST) + 1)).order_by("-at", "-id")
        return rows

    def _stats(self) -> Response:
        hours = min(max(whole(self.query("hours"), 24), 1), 24 * 365)
        since = self.now - timedelta(hours=hours)
        home = self.actor.workspace_id
        rows = Event.objects.stories(home).filter(at__gte=since).order_by()
        types = rows.values("type").annotate(count=Count("*")).order_by("-count", "type")
        actors = rows.values("actor").annotate(activity_count=Count("*")).order_by("-activity_count", "actor")[:10]
        return Response(
            {
                "timeframe": f"{hours} hours",
                "activityByType": list(types),
                "topActors": list(actors),
                "timeline": [_bucket(hour, n) for hour, n in Event.objects.stories_by_hour(home, since=since)],
            }
        )


def _bucket(hour: datetime, n: int) -> dict[str, Any]:
    return {"timestamp": seconds(hour), "count": n, "hour": iso(hour)}
