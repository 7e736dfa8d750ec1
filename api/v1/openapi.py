"""The description of this dialect for programs."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from api.schemas import FREE, TEXT, has

from .base import V1View
from .docs.words import describe


class OpenApi(V1View):
    route = "openapi"

    @describe(
        "This document.",
        answers={200: has("components", "tags", openapi=TEXT, info=FREE, paths=FREE, tags={}, components=FREE)},
    )
    def get(self, request: Request) -> Response:
        # Made from the views, this one among them.
        from .docs.document import document

        return Response(document(), headers={"Cache-Control": "public, max-age=3600"})
