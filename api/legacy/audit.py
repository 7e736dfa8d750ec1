"""The audit log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from activity.models import Event
from api.schemas import TEXT, WHOLE, has, many, maybe
from core.clock import seconds

from .base import LegacyView
from .docs import describe
from .queries import within

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
