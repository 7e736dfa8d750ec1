"""Whom an `@` can name: what clients complete while somebody types."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from api.schemas import TEXT, WHOLE, has, many
from tasks.mentions import LISTED_AT_MOST, Target, targets

from .base import LegacyView, whole
from .docs import describe

TARGET = has(
    "role", handle=TEXT, recipient=TEXT, type={"type": "string", "enum": ["user", "agent"]}, display=TEXT, role=TEXT
)
ANSWER = has(mentions=many(TARGET), total=WHOLE, q=TEXT)
SHOWN = 25


class Mentions(LegacyView):
    route = "mentions"

    @describe("People and agents that can be mentioned.", query=("q", "type", "limit"), answers={200: ANSWER})
    def get(self, request: Request) -> Response:
        asked = self.query("q").strip()
        limit = min(max(whole(self.query("limit"), SHOWN), 1), LISTED_AT_MOST)
        found = targets(workspace_id=self.actor.workspace_id, containing=asked, type=self.query("type"))
        return Response({"mentions": [_out(target) for target in found[:limit]], "total": len(found), "q": asked})


def _out(target: Target) -> dict[str, Any]:
    shown = {
        "handle": target.handle,
        "recipient": target.recipient,
        "type": target.type,
        "display": target.display,
    }
    return {**shown, "role": target.role} if target.role else shown
