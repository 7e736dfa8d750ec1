"""Whether the server answers, for everybody."""

from __future__ import annotations

from django.conf import settings
from django.db import DatabaseError, connection
from rest_framework.request import Request
from rest_framework.response import Response

from api.schemas import TEXT, has

from .base import V1View
from .docs.schema import MOMENT, one_of
from .docs.words import describe
from .out import moment

HEALTH = has(status=one_of(("ok", "degraded")), version=TEXT, time=MOMENT)


class Health(V1View):
    route = "health"

    @describe("Whether the server and its database answer.", answers={200: HEALTH, 503: HEALTH}, codes="UNAVAILABLE")
    def get(self, request: Request) -> Response:
        body = {"status": "ok", "version": settings.VERSION, "time": moment(self.now)}
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        except DatabaseError:
            return Response({**body, "status": "degraded"}, status=503)
        return Response(body)
