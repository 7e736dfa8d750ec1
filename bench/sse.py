"""How long an event takes to reach everybody: from before the POST until the last client has read the frame."""

from __future__ import annotations

import asyncio
import json
import resource
import time
from dataclasses import dataclass, field
from typing import cast

from bench.figures import Figure, failed, percentile
from bench.wire import Target, Wire

CONNECT_WITHIN = 60.0
ARRIVES_WITHIN = 10.0
CONNECTING_AT_ONCE = 100
PAUSE = 0.1


@dataclass(slots=True)
class Audience:
    """All clients, and the one title they are waiting for."""

    title: bytes = b""
    arrivals: list[float] = field(default_factory=list)
    size: int = 0
    complete: asyncio.Event = field(default_factory=asyncio.Event)
    lost: list[str] = field(default_factory=list)

    def expect(self, title: str) -> None:
        self.title, self.arrivals = title.encode(), []
        self.complete.clear()

    def arrived(self, now: float) -> None:
        self.arrivals.append(now)
        if len(self.arrivals) == self.size:
            self.complete.set()


class Listener(asyncio.Protocol):
    """Looks for the title in raw bytes: decoding 2,000 frames would measure this driver."""

    def __init__(self, audience: Audience, request: bytes) -> None:
        self.audience = audience
        self.request = request
        self.rest = b""
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.found = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # A cast, because the transports of uvloop are not of this class.
        cast(asyncio.Transport, transport).write(self.request)

    def data_received(self, data: bytes) -> None:
        now = time.perf_counter()
        self.rest += data
        if not self.ready.done():
            self.greet()
        wanted = self.audience.title
        if wanted and wanted != self.found and wanted in self.rest:
            self.found = wanted
            self.audience.arrived(now)
        self.rest = self.rest[-256:] if self.ready.done() else self.rest

    def greet(self) -> None:
        if b'"connected"' in self.rest:
            self.ready.set_result(None)
        elif b"\r\n\r\n" in self.rest and b" 200 " not in self.rest[:16]:
            self.ready.set_exception(ConnectionError(self.rest[:80].decode("utf-8", "replace")))

    def connection_lost(self, error: Exception | None) -> None:
        self.audience.lost.append(repr(error))
        if not self.ready.done():
            self.ready.set_exception(ConnectionError("closed before the first frame"))


async def measure(target: Target, clients: int, rounds: int) -> list[Figure]:
    name = f"event at all of {clients} clients, p95"
    allow_files(clients + 500)
    audience = Audience(size=clients)
    request = target.request("GET", "/api/events")
    transports: list[asyncio.BaseTransport] = []
    try:
        await asyncio.wait_for(seat(target, audience, request, clients, transports), CONNECT_WITHIN)
        lasts, missing = await announce(target, audience, rounds)
    except (OSError, TimeoutError) as error:
        return [failed(name, "ms", f"not everybody could listen: {error}")]
    finally:
        lost = len(audience.lost)
        for transport in transports:
            transport.close()
    fault = f"{missing} deliveries missing, {lost} streams ended" if missing or lost else ""
    p50 = percentile(lasts, 50) * 1000
    detail = {"p50_ms": p50, "max_ms": percentile(lasts, 100) * 1000, "rounds": rounds}
    return [
        Figure(
            name,
            percentile(lasts, 95) * 1000,
            "ms",
            note=f"p50 {p50:.1f} ms, {rounds} rounds, none lost",
            fault=fault,
            detail=detail,
        )
    ]


async def seat(
    target: Target, audience: Audience, request: bytes, clients: int, transports: list[asyncio.BaseTransport]
) -> None:
    loop = asyncio.get_running_loop()
    for start in range(0, clients, CONNECTING_AT_ONCE):
        size = min(CONNECTING_AT_ONCE, clients - start)
        dials = [
            loop.create_connection(lambda: Listener(audience, request), target.host, target.port) for _ in range(size)
        ]
        pairs = await asyncio.gather(*dials)
        transports += [transport for transport, _ in pairs]
        await asyncio.gather(*(listener.ready for _, listener in pairs))


async def announce(target: Target, audience: Audience, rounds: int) -> tuple[list[float], int]:
    """Seconds until the last client had it, per round, and how many deliveries never came."""
    wire, lasts, missing = Wire(target), [], 0
    for number in range(rounds):
        title = f"announcement-{number}-{time.time_ns()}"
        audience.expect(title)
        request = target.request("POST", "/api/tasks", {"title": title})
        began = time.perf_counter()
        status, body = await wire.send(request)
        if status != 201 or json.loads(body)["task"]["title"] != title:
            raise OSError(f"POST /api/tasks answered {status}")
        try:
            await asyncio.wait_for(audience.complete.wait(), ARRIVES_WITHIN)
        except TimeoutError:
            missing += audience.size - len(audience.arrivals)
        lasts.append(max(audience.arrivals, default=began + ARRIVES_WITHIN) - began)
        await asyncio.sleep(PAUSE)
    wire.close()
    return lasts, missing


def allow_files(number: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < number:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(number, hard), hard))
