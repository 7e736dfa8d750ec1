"""Answers as JSON, whatever a request says it prefers."""

from __future__ import annotations

from typing import Any

import orjson
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class JsonRenderer(BaseRenderer):
    media_type = "application/json"
    format = "json"
    charset: str | None = None

    def render(self, data: Any, accepted_media_type: str | None = None, context: Any = None) -> bytes:
        return b"" if data is None else orjson.dumps(data, option=orjson.OPT_NON_STR_KEYS)


class AnyJson(BaseContentNegotiation):
    """Content types are not negotiated: the answer is JSON whatever the request prefers."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return parsers[0] if parsers else None

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type
