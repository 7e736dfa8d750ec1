"""What holds for every WebSocket, whoever serves it: paths, hosts, where the asking page is from, no token in logs."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from core.http import text_of
from realtime.callers import KNOWN, NO_PAGE, SAME, STRANGE

from .edge import ALWAYS_ALLOWED, bare, host_is_allowed, origin_matches

PATHS = ("/", "/ws")
UPGRADE = b"This port is for WebSockets alone"
NOT_HERE = {"type": "websocket.close", "code": 1000}


class SocketEdge:
    """Wraps the application of sockets."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        is_host_wrong = settings.HOSTS_ALLOWED and not settings.ALLOW_ANY_HOST and not host_is_allowed(scope)
        if scope["path"] not in PATHS or is_host_wrong:
            await send(NOT_HERE)
            return
        # The server keeps its own for its log.
        inner = {**scope, "origin": _origin(dict(scope["headers"]))}
        scope["query_string"] = b""
        await self.inner(inner, receive, send)


async def only_sockets(send: Any) -> None:
    """To those who come to the port of WebSockets with anything else."""
    headers = [(b"upgrade", b"websocket"), (b"content-type", b"text/plain"), (b"content-length", b"%d" % len(UPGRADE))]
    await send({"type": "http.response.start", "status": 426, "headers": headers})
    await send({"type": "http.response.body", "body": UPGRADE})


def _origin(headers: dict[bytes, bytes]) -> str:
    """Which page asks, if one does. One without a host, as of a sandboxed frame, is from anywhere."""
    if b"origin" not in headers:
        return NO_PAGE
    try:
        host = bare(urlsplit(text_of(headers, b"origin")).hostname or "")
    except ValueError:
        return STRANGE
    if host in ALWAYS_ALLOWED or any(fnmatchcase(host, bare(pattern)) for pattern in settings.HOSTS_ALLOWED):
        return KNOWN
    return SAME if host and origin_matches(headers) else STRANGE
