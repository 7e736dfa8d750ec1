"""One request to one endpoint: bounded in time and size, never redirected, never to an address inside."""

from __future__ import annotations

import asyncio
import socket
import time
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

import aiohttp

from core.errors import Invalid

from . import addresses, signing
from .models import Delivery

TIMEOUT = 10
TIMED_OUT = f"Timeout ({TIMEOUT}s)"
# Whatever else goes wrong between here and an answer.
FAILED = "fetch failed"
# Enough bytes for the characters that are kept, and for knowing that there were more.
MOST_BYTES = 4 * (Delivery.LONGEST_BODY + 1)


@dataclass(frozen=True, slots=True)
class Request:
    url: str
    event: str
    secret: str | None
    payload: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """`status` and `body` are None when no answer came; `error` then says why."""

    status: int | None
    body: str | None
    error: str | None
    duration_ms: int

    @property
    def success(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class Blocked(OSError):
    """The name led to an address that must not be called."""


def post_now(request: Request) -> Outcome:
    """For callers without an event loop."""
    return asyncio.run(post(request))


async def post(request: Request) -> Outcome:
    """Never raises: what went wrong is part of the outcome."""
    began = time.perf_counter()
    status, body, error = None, None, None
    try:
        addresses.check_url(request.url)
        async with asyncio.timeout(TIMEOUT):
            status, body = await _ask(request)
    except TimeoutError:
        error = TIMED_OUT
    except Invalid as refusal:
        error = refusal.message
    except Exception as failure:  # noqa: BLE001 - an endpoint must not stop the sender, whatever it sends
        error = _words(failure)
    return Outcome(status, body, error, round((time.perf_counter() - began) * 1000))


async def _ask(request: Request) -> tuple[int, str]:
    body = request.payload.encode()
    connector = aiohttp.TCPConnector(force_close=True, use_dns_cache=False, socket_factory=_socket)
    async with (
        aiohttp.ClientSession(
            connector=connector, auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar()
        ) as session,
        session.post(
            request.url,
            data=body,
            headers=signing.headers_of(request.event, request.secret, body),
            allow_redirects=False,
        ) as answer,
    ):
        if 300 <= answer.status < 400 and "Location" in answer.headers:
            raise aiohttp.ClientError("redirects are not followed")
        return answer.status, await _beginning(answer)


async def _beginning(answer: aiohttp.ClientResponse) -> str:
    read = b""
    while len(read) < MOST_BYTES and (piece := await answer.content.read(MOST_BYTES - len(read))):
        read += piece
    text = read.decode("utf-8", "replace").replace("\0", "\ufffd")
    return text if len(text) <= Delivery.LONGEST_BODY else text[: Delivery.LONGEST_BODY] + "..."


def _socket(found: tuple[Any, ...]) -> socket.socket:
    """Called for the very address that is about to be connected to, after every look-up."""
    family, kind, protocol, _, place = found
    if not addresses.may_connect(ip_address(str(place[0]).partition("%")[0])):
        raise Blocked(addresses.BLOCKED)
    made = socket.socket(family, kind, protocol)
    made.setblocking(False)
    return made


def _words(failure: Exception) -> str:
    if isinstance(failure, aiohttp.ClientConnectorDNSError):
        return failure.os_error.strerror or str(failure.os_error)
    if isinstance(failure, aiohttp.ClientConnectorError) and addresses.BLOCKED in str(failure.os_error):
        return addresses.BLOCKED
    return FAILED
