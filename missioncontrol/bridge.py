"""Django's synchronous stack behind ASGI, on a small pool of threads that stay.

Django's own ASGI handler starts a new executor for each request and hops to it several times, which costs ten times
what the hop here does. Connections to the database live as long as these threads.
"""

from __future__ import annotations

import asyncio
import io
import re
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import lru_cache, partial
from typing import Any

from django.conf import settings
from django.contrib.admindocs.views import simplify_regex
from django.core import signals
from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.base import BaseHandler
from django.core.handlers.exception import convert_exception_to_response
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.urls import ResolverMatch, get_resolver, set_script_prefix
from rest_framework.response import Response

from accounts.middleware import CookieNames
from core.body import read_body
from core.http import cookie_line

from .line import Line

Headers = list[tuple[bytes, bytes]]
CONVERTER = re.compile(r"<\w+:")


class Api(BaseHandler):
    """Programs' requests: of the middleware they need the session cookie alone, and of what Django's signals do
    around a request the closing of a connection that went bad. The rest would take a fifth of their time."""

    def __init__(self) -> None:
        self._view_middleware: list[Any] = []
        self._template_response_middleware: list[Any] = []
        self._exception_middleware: list[Any] = []
        answer = convert_exception_to_response(self._get_response)  # type: ignore[attr-defined]
        self._middleware_chain = convert_exception_to_response(CookieNames(answer))

    def get_response(self, request: HttpRequest) -> HttpResponseBase:
        # What Django's signal would do around each request: a connection that broke meanwhile is made again.
        connection.close_if_unusable_or_obsolete()
        response = super().get_response(request)
        if isinstance(response, Response):
            _untie(response)
        return response

    def resolve_request(self, request: HttpRequest) -> ResolverMatch:
        request.resolver_match = _route(request.path_info)
        return request.resolver_match


def _untie(response: Response) -> None:
    """A view, its request and its answer hold each other, so that a large answer would stay in memory until the
    garbage collector comes by."""
    view = (getattr(response, "renderer_context", None) or {}).get("view")
    response.__dict__.update(data=None, renderer_context=None)
    if view is not None:
        view.request = view.response = None


@lru_cache(maxsize=1024)
def _route(path: str) -> ResolverMatch:
    """Django tries one pattern after the other; programs ask for the same few paths again and again."""
    return get_resolver().resolve(path)


@lru_cache(maxsize=1024)
def _name_of(route: str) -> str:
    """`^api/tasks/(?P<id>[^/]+)$` and `api/tasks/<str:id>` → `/api/tasks/<id>`."""
    name = CONVERTER.sub("<", simplify_regex(route))
    return name.rstrip("/") if name.startswith("/api/") else name


class Pages(BaseHandler):
    def __init__(self) -> None:
        self.load_middleware()


class Bridge:
    def __init__(self) -> None:
        self.api, self.pages = Api(), Pages()
        self.pool = ThreadPoolExecutor(settings.REQUEST_THREADS, thread_name_prefix="request")
        self._line: Line[HttpResponseBase] = Line(self.pool)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        body = await read_body(receive)
        if body is None:
            return
        # What it is done for goes with it to the thread.
        response = await self._line.run(partial(copy_context().run, self.answer, scope, body))
        start = {"type": "http.response.start", "status": response.status_code, "headers": _headers_of(response)}
        if isinstance(response, HttpResponse):
            await send(start)
            await send({"type": "http.response.body", "body": response.content})
        elif isinstance(response, StreamingHttpResponse):
            await self._stream(response, start, send)

    def answer(self, scope: dict[str, Any], body: bytes) -> HttpResponseBase:
        """Run one request through the middleware and its view, on the calling thread."""
        set_script_prefix("/")
        request = ASGIRequest(scope, io.BytesIO(body))
        if request.path.startswith("/api/"):
            response = self.api.get_response(request)
        else:
            signals.request_started.send(sender=self.__class__, scope=scope)
            response = self.pages.get_response(request)
            if isinstance(response, HttpResponse):
                response.close()
        if request.resolver_match:
            scope["route"] = _name_of(request.resolver_match.route)
        return response

    async def _stream(self, response: StreamingHttpResponse, start: dict[str, Any], send: Any) -> None:
        loop = asyncio.get_running_loop()
        pieces = iter(response.streaming_content)  # type: ignore[arg-type]
        await send(start)
        try:
            while (piece := await loop.run_in_executor(self.pool, next, pieces, None)) is not None:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        finally:
            await loop.run_in_executor(self.pool, response.close)
        await send({"type": "http.response.body", "body": b""})


def _headers_of(response: HttpResponseBase) -> Headers:
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in response.items()]
    headers += [(b"set-cookie", cookie_line(cookie).encode("latin-1")) for cookie in response.cookies.values()]
    if isinstance(response, HttpResponse) and not response.has_header("Content-Length"):
        headers.append((b"content-length", str(len(response.content)).encode()))
    return headers
