"""The HTTP client behind webhooks. Loaded by who sends, since it takes memory that others can do without."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address
from typing import Any

import httpcore2 as http
from httpcore2 import AnyIOBackend, AsyncNetworkBackend, AsyncNetworkStream

from . import addresses
from .models import Delivery
from .targets import Target

# Whatever goes wrong between here and an answer, unless there is a better word for it.
FAILED = "fetch failed"
# Enough bytes for the characters that are kept, and for knowing that there were more.
MOST_BYTES = 4 * (Delivery.LONGEST_BODY + 1)
# For one of several addresses of a name, so that there is time left for the next.
EACH_ADDRESS = 2.5
BROKEN = (http.ReadError, http.WriteError, http.RemoteProtocolError, http.ConnectionNotAvailable)


class Blocked(OSError):
    """The name led to nothing but addresses that must not be called."""


class Redirected(OSError):
    """The endpoint is somewhere else by now; nobody goes there."""


class GuardedBackend(AsyncNetworkBackend):
    """Looks a name up, checks what was found, and connects to the very address that was checked."""

    def __init__(self) -> None:
        self._plain = AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> AsyncNetworkStream:
        *others, last = await _permitted(host, port)
        for address in others:
            try:
                return await self._plain.connect_tcp(address, port, EACH_ADDRESS, local_address, socket_options)
            except (http.ConnectError, http.ConnectTimeout):
                continue
        return await self._plain.connect_tcp(last, port, timeout, local_address, socket_options)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


async def _permitted(host: str, port: int) -> list[str]:
    literal = addresses.literal(host)
    if literal is not None:
        found = [str(literal)]
    else:
        places = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        found = list(dict.fromkeys(str(place[0]) for *_, place in places))
    permitted = [address for address in found if addresses.may_connect(ip_address(address.partition("%")[0]))]
    if not permitted:
        raise Blocked(addresses.BLOCKED)
    return permitted


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: str
    retry_after: str


class Line:
    """A connection to one endpoint, for requests one after the other. HTTP/2 where the endpoint offers it."""

    def __init__(self) -> None:
        self._connection: http.AsyncHTTPConnection | None = None
        self._target: tuple[str, str, int] | None = None

    async def ask(self, target: Target, headers: dict[str, str], body: bytes) -> Answer:
        connection, kept = await self._connected(target)
        request = _request(target, headers, body)
        try:
            answer = await connection.handle_async_request(request)
        except BROKEN:
            if not kept:
                raise
            # Closed by the other side while it was idle, as anybody may.
            await self.close()
            connection, _ = await self._connected(target)
            answer = await connection.handle_async_request(request)
        try:
            if 300 <= answer.status < 400 and _header(answer, b"location"):
                raise Redirected
            return Answer(answer.status, await _beginning(answer), _header(answer, b"retry-after"))
        finally:
            await answer.aclose()

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.aclose()

    async def _connected(self, target: Target) -> tuple[http.AsyncHTTPConnection, bool]:
        place = (target.scheme, target.host, target.port)
        kept = self._connection
        if kept is not None and self._target == place and kept.is_available() and not kept.has_expired():
            return kept, True
        await self.close()
        origin = http.Origin(target.scheme.encode(), target.host.encode(), target.port)
        self._target, self._connection = place, http.AsyncHTTPConnection(
            origin, ssl_context=_trust() if target.scheme == "https" else None, http2=True, network_backend=GUARDED
        )  # fmt: skip
        return self._connection, False


GUARDED = GuardedBackend()


@lru_cache(maxsize=1)
def _trust() -> ssl.SSLContext:
    return ssl.create_default_context()


def _request(target: Target, headers: dict[str, str], body: bytes) -> http.Request:
    url = http.URL(
        scheme=target.scheme.encode(), host=target.host.encode(), port=target.port, target=target.path.encode()
    )
    sent = {"Host": target.host_header, **headers, "Content-Length": str(len(body))}
    if target.authorization:
        sent["Authorization"] = target.authorization
    return http.Request(
        b"POST", url, headers=[(name.encode(), value.encode()) for name, value in sent.items()], content=body
    )


def _header(answer: http.Response, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in answer.headers if key.lower() == name), "")


async def _beginning(answer: http.Response) -> str:
    read = b""
    async for piece in answer.aiter_stream():
        read += piece
        if len(read) >= MOST_BYTES:
            break
    text = read[:MOST_BYTES].decode("utf-8", "replace").replace("\0", "\ufffd")
    return text if len(text) <= Delivery.LONGEST_BODY else text[: Delivery.LONGEST_BODY] + "..."


def words(failure: Exception) -> str:
    if isinstance(failure, Blocked):
        return addresses.BLOCKED
    if isinstance(failure, socket.gaierror):
        return failure.strerror or str(failure)
    return FAILED
