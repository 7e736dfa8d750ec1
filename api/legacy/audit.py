"""The audit log."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from activity.models import Event
from core.clock import from_seconds, seconds

from .answers import TEXT, WHOLE, has, many, maybe
from .base import LegacyView, whole
from .docs import describe
from .fields import LAST_SECOND

DEFAULT, CAP = 1000, 10_000
ROW = ("id", "type", "actor", "data", "at", "workspace_id")
ANYTHING = {"type": ["object", "array", "string", "number", "boolean", "null"]}
AUDITED = has(
    id=WHOLE,
    action=TEXT,
    actor=TEXT,
    actor_id=maybe(WHOLE),
    target_type=maybe(TEXT),
    target_id=maybe(WHOLE),
    detail=ANYTHING,
    ip_address=maybe(TEXT),
    user_agent=maybe(TEXT),
    created_at=WHOLE,
    workspace_id=WHOLE,
)


class Audit(LegacyView):
    route = "audit"

    @describe(
        "Who changed what about the system, newest first.",
        query=("action", "actor", "since", "until"),
        paged=True,
        answers={200: has(events=many(AUDITED), total=WHOLE, limit=WHOLE, offset=WHOLE)},
    )
    def get(self, request: Request) -> Response:
        limit, offset = self.page(default=DEFAULT, cap=CAP)
        rows = within(Event.objects.audit(self.actor.workspace_id), "at", self)
        if action := self.query("action"):
            rows = rows.filter(type=action)
        if actor := self.query("actor"):
            rows = rows.filter(actor=actor)
        shown = [audited(row) for row in rows.values(*ROW)[offset : offset + limit]]
        return Response({"events": shown, "total": rows.count(), "limit": limit, "offset": offset})


def within(rows: QuerySet[Any], column: str, view: LegacyView) -> QuerySet[Any]:
    """Those between the query's `since` and `until`, both included, in whole seconds."""
    since, until = moment(view.query("since")), moment(view.query("until"), later=1)
    if since is not None:
        rows = rows.filter(**{f"{column}__gte": since})
    if until is not None:
        rows = rows.filter(**{f"{column}__lt": until})
    return rows


def moment(text: str, *, later: int = 0) -> datetime | None:
    """A time in Unix seconds; None for junk, which filters nothing."""
    stamp = whole(text, -1)
    return from_seconds(min(stamp, LAST_SECOND) + later) if stamp >= 0 else None


def audited(row: Mapping[str, Any]) -> dict[str, Any]:
    data = row["data"]
    return {
        "id": row["id"],
        "action": row["type"],
        "actor": row["actor"],
        "actor_id": data.get("actor_id"),
        "target_type": data.get("target_type"),
        "target_id": data.get("target_id"),
        "detail": data.get("detail"),
        "ip_address": data.get("ip_address"),
        "user_agent": data.get("user_agent"),
        "created_at": seconds(row["at"]),
        "workspace_id": row["workspace_id"],
    }
