"""Routes that answer about the API itself."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.db import DatabaseError
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.generators import SchemaGenerator
from rest_framework.request import Request
from rest_framework.response import Response

from core.clock import iso
from core.rows import probe

from .base import LegacyView
from .docs import describe


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """The OpenAPI document of every route."""
    return dict(SchemaGenerator().get_schema(request=None, public=True))


class Docs(LegacyView):
    route = "docs"

    @describe("This document.", answers={200: "Free"})
    def get(self, request: Request) -> Response:
        return Response(document(), headers={"Cache-Control": "public, max-age=3600"})


class Health(LegacyView):
    route = "health"

    @describe("Whether the database answers.", answers={200: "Free", 503: "Free"})
    def get(self, request: Request) -> Response:
        try:
            probe()
        except DatabaseError:
            return Response({"status": "degraded", "db": "error", "ts": iso(timezone.now())}, status=503)
        return Response({"status": "ok", "db": "ok", "ts": iso(timezone.now())})


class Events(LegacyView):
    """Answered by `realtime.streams` before Django; here for its documentation and for other methods' 405."""

    route = "events"

    @describe(
        "Server-sent events: one JSON object `{type, data, timestamp}` a frame.",
        query=("types", "agent", "workspace_id", "include", "last_event_id"),
        answers={200: "Free"},
    )
    def get(self, request: Request) -> Response | HttpResponse:
        if request.method == "HEAD":
            head = {"Content-Type": "text/event-stream", "Cache-Control": "no-cache, no-transform"}
            return HttpResponse(headers=head)
        return Response({"error": "This server was started without event streams"}, status=501)
