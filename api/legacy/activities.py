"""The activity feed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Count, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from activity.models import Event
from core.clock import from_seconds

from .base import LegacyView, whole
from .docs import describe
from .entities import entities_of

CAP = 500
HOUR = 3600
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
            rows = rows.filter(subject__startswith=f"{entity}:")
        since = whole(self.query("since"), 0)
        if since > 0:
            # Whole seconds are shown, so "after 12" begins with 13.
            rows = rows.filter(at__gte=from_seconds(min(since, LATEST) + 1))
        return rows

    def _stats(self) -> Response:
        hours = min(max(whole(self.query("hours"), 24), 1), 24 * 365)
        rows = Event.objects.stories(self.actor.workspace_id).filter(at__gte=self.now - timedelta(hours=hours))
        rows = rows.order_by()
        types = rows.values("type").annotate(count=Count("id")).order_by("-count", "type")
        actors = rows.values("actor").annotate(activity_count=Count("id")).order_by("-activity_count", "actor")[:10]
        buckets: dict[int, int] = {}
        for at in rows.values_list("at", flat=True).iterator():
            stamp = int(at.timestamp())
            buckets[stamp - stamp % HOUR] = buckets.get(stamp - stamp % HOUR, 0) + 1
        return Response(
            {
                "timeframe": f"{hours} hours",
                "activityByType": list(types),
                "topActors": list(actors),
                "timeline": [_bucket(start, n) for start, n in sorted(buckets.items())],
            }
        )


def _bucket(start: int, n: int) -> dict[str, Any]:
    hour = datetime.fromtimestamp(start, UTC).strftime("%Y-%m-%dT%H:00:00.000Z")
    return {"timestamp": start, "count": n, "hour": hour}
