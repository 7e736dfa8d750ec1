"""Django's synchronous stack behind ASGI, on a small pool of threads that stay.

Django's own ASGI handler starts a new executor for each request and hops to it several times, which costs ten times
what the hop here does. Connections to the database live as long as these threads.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.conf import settings
from django.core import signals
from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.base import BaseHandler
from django.core.handlers.exception import convert_exception_to_response
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.urls import set_script_prefix

from accounts.middleware import CookieNames
from core.body import read_body
from core.http import cookie_line

Headers = list[tuple[bytes, bytes]]
# Seconds that a request waits in line.
PATIENCE = 0.1


class Api(BaseHandler):
    """Programs' requests: of the middleware they need the session cookie alone. What pages need would take a
    tenth of their time."""

    def __init__(self) -> None:
        self._view_middleware: list[Any] = []
        self._template_response_middleware: list[Any] = []
        self._exception_middleware: list[Any] = []
        answer = convert_exception_to_response(self._get_response)  # type: ignore[attr-defined]
        self._middleware_chain = convert_exception_to_response(CookieNames(answer))


class Pages(BaseHandler):
    def __init__(self) -> None:
        self.load_middleware()


class Bridge:
    def __init__(self) -> None:
        self.api, self.pages = Api(), Pages()
        self.pool = ThreadPoolExecutor(settings.REQUEST_THREADS, thread_name_prefix="request")
        self._line = ThreadPoolExecutor(1, thread_name_prefix="line")

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        body = await read_body(receive)
        if body is None:
            return
        response = await self._in_turn(scope, body)
        start = {"type": "http.response.start", "status": response.status_code, "headers": _headers_of(response)}
        if isinstance(response, HttpResponse):
            await send(start)
            await send({"type": "http.response.body", "body": response.content})
        elif isinstance(response, StreamingHttpResponse):
            await self._stream(response, start, send)

    async def _in_turn(self, scope: dict[str, Any], body: bytes) -> HttpResponseBase:
        """Short requests run one after the other on one thread: side by side they would only take the interpreter
        from each other, at a third of the rate. Who waits too long behind a slow one goes to another thread."""
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[HttpResponseBase] = loop.create_future()
        job = self._line.submit(self._settle, loop, outcome, scope, body)

        def go_elsewhere() -> None:
            if job.cancel():
                self.pool.submit(self._settle, loop, outcome, scope, body)

        alarm = loop.call_later(PATIENCE, go_elsewhere)
        try:
            return await outcome
        finally:
            alarm.cancel()

    def _settle(
        self, loop: asyncio.AbstractEventLoop, outcome: asyncio.Future[HttpResponseBase], scope: Any, body: bytes
    ) -> None:
        try:
            response = self.answer(scope, body)
        except Exception as error:
            loop.call_soon_threadsafe(_finish, outcome.set_exception, outcome, error)
        else:
            loop.call_soon_threadsafe(_finish, outcome.set_result, outcome, response)

    def answer(self, scope: dict[str, Any], body: bytes) -> HttpResponseBase:
        """Run one request through the middleware and its view, on the calling thread."""
        set_script_prefix("/")
        signals.request_started.send(sender=self.__class__, scope=scope)
        request = ASGIRequest(scope, io.BytesIO(body))
        handler = self.api if request.path.startswith("/api/") else self.pages
        response = handler.get_response(request)
        if isinstance(response, HttpResponse):
            response.close()  # sends request_finished: connections that went bad are dropped
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


def _finish(settle: Callable[[Any], None], outcome: asyncio.Future[Any], result: Any) -> None:
    if not outcome.done():
        settle(result)


def _headers_of(response: HttpResponseBase) -> Headers:
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in response.items()]
    headers += [(b"set-cookie", cookie_line(cookie).encode("latin-1")) for cookie in response.cookies.values()]
    if isinstance(response, HttpResponse) and not response.has_header("Content-Length"):
        headers.append((b"content-length", str(len(response.content)).encode()))
    return headers
