"""The HTTP client behind webhooks. Loaded by who sends, since it takes memory that others can do without."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache, partial
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
# Connections that wait, and for how long; none lives longer, since its name may lead elsewhere by then.
IDLE_AT_MOST, IDLE_SECONDS, LONGEST_LIFE = 256, 15.0, 60.0
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
        # On a thread of the loop's own pool: uvloop would look up no more than four at a time.
        look_up = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        places = await asyncio.get_running_loop().run_in_executor(None, look_up)
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


@dataclass(slots=True, eq=False)
class Line:
    """A connection to one endpoint, for one request after the other. HTTP/2 where the endpoint offers it."""

    place: tuple[str, str, int]
    connection: http.AsyncHTTPConnection
    opened: float
    idle_since: float = 0.0

    @property
    def is_good(self) -> bool:
        young = time.monotonic() - self.opened < LONGEST_LIFE
        return young and self.connection.is_available() and not self.connection.has_expired()

    async def close(self) -> None:
        await self.connection.aclose()


class Lines:
    """Connections that wait for the next request to the same endpoint, whoever's it is. For one event loop."""

    def __init__(self) -> None:
        # The one that has waited longest first.
        self._idle: dict[Line, None] = {}
        self._sweeps = False

    async def ask(self, target: Target, headers: dict[str, str], body: bytes) -> Answer:
        request = _request(target, headers, body)
        line = await self._kept(target)
        answer = await _begun(line, request, BROKEN) if line else None
        if line is None or answer is None:
            # None was kept, or it was closed by the other side while it was idle, as anybody may.
            line = _opened(target)
            answer = await _begun(line, request)
        assert answer is not None
        found = await _read(line, answer)
        await self._keep(line)
        return found

    async def _kept(self, target: Target) -> Line | None:
        """The one that was used last, since it is the least likely to be closed by now."""
        place = (target.scheme, target.host, target.port)
        for line in [line for line in reversed(self._idle) if line.place == place]:
            del self._idle[line]
            if line.is_good:
                return line
            await line.close()
        return None

    async def _keep(self, line: Line) -> None:
        if not line.is_good:
            await line.close()
            return
        line.idle_since = time.monotonic()
        self._idle[line] = None
        if len(self._idle) > IDLE_AT_MOST:
            oldest = next(iter(self._idle))
            del self._idle[oldest]
            await oldest.close()
        if not self._sweeps:
            self._sweep_later()

    def _sweep_later(self) -> None:
        self._sweeps = True
        loop = asyncio.get_running_loop()
        loop.call_later(IDLE_SECONDS, lambda: asyncio.ensure_future(self._sweep()))

    async def _sweep(self) -> None:
        self._sweeps = False
        for line in [line for line in self._idle if line.idle_since <= time.monotonic() - IDLE_SECONDS]:
            self._idle.pop(line, None)
            await line.close()
        if self._idle:
            self._sweep_later()

    async def close(self) -> None:
        idle, self._idle = self._idle, {}
        for line in idle:
            await line.close()


async def _begun(line: Line, request: http.Request, expected: Any = ()) -> http.Response | None:
    try:
        return await line.connection.handle_async_request(request)
    except BaseException as error:
        await line.close()
        if isinstance(error, expected):
            return None
        raise


async def _read(line: Line, answer: http.Response) -> Answer:
    try:
        if 300 <= answer.status < 400 and _header(answer, b"location"):
            raise Redirected
        return Answer(answer.status, await _beginning(answer), _header(answer, b"retry-after"))
    except BaseException:
        await line.close()
        raise
    finally:
        await answer.aclose()


def _opened(target: Target) -> Line:
    origin = http.Origin(target.scheme.encode(), target.host.encode(), target.port)
    trust = _trust() if target.scheme == "https" else None
    connection = http.AsyncHTTPConnection(origin, ssl_context=trust, http2=True, network_backend=GUARDED)
    return Line((target.scheme, target.host, target.port), connection, time.monotonic())


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
    return _words_of_tls(failure) or FAILED


def _words_of_tls(failure: BaseException | None) -> str:
    """What is wrong with the other side's certificate, or its way to speak TLS; empty when it is something else."""
    while failure is not None:
        if isinstance(failure, ssl.SSLCertVerificationError):
            return f"TLS certificate refused: {failure.verify_message}"
        if isinstance(failure, ssl.SSLError):
            return f"TLS failed: {(failure.reason or type(failure).__name__).replace('_', ' ').lower()}"
        failure = failure.__cause__ or failure.__context__
    return ""
