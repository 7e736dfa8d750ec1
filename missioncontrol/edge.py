"""What every answer has in common, whoever gives it: request id, security headers, the checks of host and origin."""

from __future__ import annotations

import os
import re
import socket
import time
from binascii import hexlify
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import urlsplit

import orjson
import structlog
from django.conf import settings

from core import tracing
from core.cause import Cause, begin
from core.http import Headers, headers_of, text_of
from core.metrics import METHODS, count_request

ALWAYS_ALLOWED = {"localhost", "127.0.0.1", "::1", socket.gethostname().lower()}
# Open for hours: how long it took says nothing.
STREAM = "/api/events"
WRITES = {"POST", "PUT", "PATCH", "DELETE"}
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
SECURITY_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"strict-origin-when-cross-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
]
NAMED = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")
HSTS = (b"strict-transport-security", b"max-age=63072000; includeSubDomains; preload")
log = structlog.get_logger("request")


class Edge:
    """Wraps an ASGI application."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        scope["request_id"] = _given_id(scope) or _new_id()
        if tracing.on and scope["path"] != STREAM:
            await self._traced(scope, receive, send)
        else:
            await self._answer(scope, receive, send)

    async def _traced(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        method = scope["method"] if scope["method"] in METHODS else "HTTP"
        parent = text_of(headers_of(scope), b"traceparent") or None
        about = {"http.request.method": method, "mc.request_id": scope["request_id"]}
        with tracing.span(method, about, kind="server", parent=parent) as span:
            status = await self._answer(scope, receive, send, span.traceparent)
            # Of the address nothing but its route, since paths and queries may hold anything.
            route = scope.get("route")
            span.rename(f"{method} {route}" if route else method)
            span.tell({"http.route": route, "http.response.status_code": status})
            if status >= 500:
                span.fail(str(status))

    async def _answer(self, scope: dict[str, Any], receive: Any, send: Any, traceparent: str | None = None) -> int:
        request_id: str = scope["request_id"]
        common = [(b"x-request-id", request_id.encode()), *SECURITY_HEADERS]
        if settings.HSTS and (settings.HSTS_ALWAYS or is_https(scope)):
            common.append(HSTS)
        status = 0

        async def send_with_headers(message: dict[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *common]
            await send(message)

        refusal = _refusal(scope)
        began = time.perf_counter()
        scope["cause"] = Cause(request_id, traceparent)
        begin(scope["cause"])
        try:
            if refusal:
                await _refuse(send_with_headers, *refusal)
            else:
                await self.inner(scope, receive, send_with_headers)
        finally:
            # What it waited for on purpose says nothing either.
            took = time.perf_counter() - began - scope.get("missioncontrol.waited", 0.0)
            if status and scope["path"] != STREAM:
                count_request(scope["method"], scope.get("route", "other"), status, took)
            if settings.LOG_REQUESTS or status >= 500:
                ms = round(took * 1000, 1)
                log.info("request", method=scope["method"], path=scope["path"], status=status, ms=ms)
        return status


def _given_id(scope: dict[str, Any]) -> str:
    """The caller's own, in the dialect that lets callers name their requests."""
    if not scope["path"].startswith("/api/v1/"):
        return ""
    given = text_of(headers_of(scope), b"x-request-id")
    return given if NAMED.match(given) else ""


def _new_id() -> str:
    """A random UUID; `uuid.uuid4` takes ten times as long."""
    digits = hexlify(os.urandom(16)).decode()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def _refusal(scope: dict[str, Any]) -> tuple[int, bytes, bytes] | None:
    """(status, content type, body) for requests that no surface should see."""
    if settings.HOSTS_ALLOWED and not settings.ALLOW_ANY_HOST and not host_is_allowed(scope):
        return 403, b"text/plain", b"Forbidden"
    if scope["method"] in WRITES and scope["path"].startswith("/api/"):
        headers = headers_of(scope)
        if b"origin" in headers and not origin_matches(headers):
            return 403, b"application/json", orjson.dumps({"error": _mismatch(scope)})
    return None


def _mismatch(scope: dict[str, Any]) -> Any:
    """In the words of the dialect that is spoken at this path."""
    if not scope["path"].startswith("/api/v1/"):
        return "CSRF origin mismatch"
    message = "The request comes from a page of another origin"
    return {"code": "FORBIDDEN", "message": message, "requestId": scope["request_id"]}


def host_is_allowed(scope: dict[str, Any]) -> bool:
    host = bare(text_of(headers_of(scope), b"host"))
    if host in ALWAYS_ALLOWED:
        return True
    return any(fnmatchcase(host, bare(pattern)) for pattern in settings.HOSTS_ALLOWED)


def origin_matches(headers: Headers) -> bool:
    try:
        origin = urlsplit(text_of(headers, b"origin")).hostname
    except ValueError:
        return True
    if not origin:
        return True
    candidates = text_of(headers, b"x-forwarded-host").split(",")
    candidates += [text_of(headers, name) for name in (b"x-original-host", b"x-forwarded-server", b"host")]
    for part in text_of(headers, b"forwarded").replace(",", ";").split(";"):
        name, _, value = part.strip().partition("=")
        if name.lower() == "host":
            candidates.append(value.strip('"'))
    return origin.lower() in {bare(candidate) for candidate in candidates if candidate.strip()}


def bare(host: str) -> str:
    """The host without its port, lower case; IPv6 without its brackets."""
    host = host.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.rpartition(":")[0] if host.count(":") == 1 else host


async def _refuse(send: Any, status: int, content_type: bytes, body: bytes) -> None:
    headers = [(b"content-type", content_type), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def is_https(scope: dict[str, Any]) -> bool:
    """Here, or at the proxy in front."""
    forwarded = headers_of(scope).get(b"x-forwarded-proto", b"")
    return bool(scope["scheme"] == "https" or forwarded == b"https")
