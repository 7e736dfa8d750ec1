"""The HTTP client behind webhooks. Loaded by who sends, since it takes memory that others can do without."""

from __future__ import annotations

import socket
from ipaddress import ip_address
from typing import Any

import aiohttp

from . import addresses, signing
from .models import Delivery
from .posting import Request

# Whatever goes wrong between here and an answer, unless there is a better word for it.
FAILED = "fetch failed"
# Enough bytes for the characters that are kept, and for knowing that there were more.
MOST_BYTES = 4 * (Delivery.LONGEST_BODY + 1)


class Blocked(OSError):
    """The name led to an address that must not be called."""


async def ask(request: Request) -> tuple[int, str]:
    body = request.payload.encode()
    connector = aiohttp.TCPConnector(force_close=True, use_dns_cache=False, socket_factory=_socket)
    async with (
        aiohttp.ClientSession(
            connector=connector, auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar()
        ) as session,
        session.post(
            request.url,
            data=body,
            headers=signing.headers_of(request.event, request.secret, body, request.dialect),
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


def words(failure: Exception) -> str:
    if isinstance(failure, aiohttp.ClientConnectorDNSError):
        return failure.os_error.strerror or str(failure.os_error)
    if isinstance(failure, aiohttp.ClientConnectorError) and addresses.BLOCKED in str(failure.os_error):
        return addresses.BLOCKED
    return FAILED
