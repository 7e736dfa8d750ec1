"""Watchers: how soon a crowd of them hears, what they cost at rest, and how all of them come back at once.

Half of a crowd listens by WebSocket, half by event stream. Every client must get every event once, in order.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

from bench.figures import Figure, failed, percentile
from bench.server import Server
from bench.sse import CONNECTING_AT_ONCE, allow_files
from bench.wire import Target, Wire

PER_SECOND = 15
BURST = 200
MISSED = 500
# Marks from here on are those of the last restart.
AFTERWARDS = 1_000_000
ARRIVES_WITHIN = 60.0
MARK = re.compile(rb'"mark-(\d+)-')
TAIL = 32
# The head of a ping with the four bytes that the server sends.
PING = b"\x89\x04"
JOIN = {"type": "subscribe", "workspaceId": "default", "include": ["domain"]}


@dataclass(slots=True)
class Crowd:
    """When each mark was sent, and what became of it."""

    first: int = 0
    sent: dict[int, float] = field(default_factory=dict)
    latencies: list[float] = field(default_factory=list)
    disordered: int = 0
    lost: int = 0


class Watcher(asyncio.Protocol):
    """Looks for marks in raw bytes, whatever the dialect: decoding every frame would measure this driver."""

    def __init__(self, crowd: Crowd, opening: bytes, join: bytes) -> None:
        self.crowd = crowd
        self.opening, self.join = opening, join
        self.rest = b""
        self.last = -1
        self.count = 0
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.write(self.opening)

    def data_received(self, data: bytes) -> None:
        now = time.perf_counter()
        piece = self.rest + data
        if not self.ready.done():
            self.greet(piece)
        if PING in piece:
            self.pong(piece)
        end = 0
        for mark in MARK.finditer(piece):
            end = mark.end()
            self.note(int(mark[1]), now)
        self.rest = piece[max(end, len(piece) - TAIL) :]

    def greet(self, piece: bytes) -> None:
        if self.join and b" 101 " in piece:
            self.transport.write(self.join)
            self.join = b""
        if b'"connected"' in piece or b'"subscribed"' in piece:
            self.ready.set_result(None)

    def pong(self, piece: bytes) -> None:
        """No text holds these two bytes, and answering twice does no harm."""
        payload = piece.partition(PING)[2][:4]
        if len(payload) == 4:
            self.transport.write(b"\x8a\x84" + bytes(4) + payload)

    def note(self, number: int, now: float) -> None:
        """An event stream names a task in more than one frame."""
        if number == self.last or number < self.crowd.first:
            return
        self.crowd.disordered += number != self.last + 1 and self.last >= 0
        self.last = number
        self.count += 1
        if number in self.crowd.sent:
            self.crowd.latencies.append(now - self.crowd.sent[number])

    def connection_lost(self, error: Exception | None) -> None:
        self.crowd.lost += 1
        if not self.ready.done():
            self.ready.set_exception(ConnectionError("closed before it was ready"))


def masked(message: dict[str, object]) -> bytes:
    """A text frame of a client, of at most 125 bytes; the mask may be nought."""
    payload = json.dumps(message).encode()
    return bytes((0x81, 0x80 | len(payload))) + bytes(4) + payload


def socket_opening(target: Target) -> bytes:
    key = base64.b64encode(os.urandom(16)).decode()
    words = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": key}
    return Target(target.url, {**target.headers, **words}).request("GET", "/ws")


async def gather(
    target: Target, crowd: Crowd, size: int, opening: Callable[[], bytes], join: bytes = b""
) -> list[Watcher]:
    """Connect them, a hundred at a time; they are ready when the server has greeted them."""
    loop, watchers = asyncio.get_running_loop(), []
    for start in range(0, size, CONNECTING_AT_ONCE):
        some = [Watcher(crowd, opening(), join) for _ in range(min(CONNECTING_AT_ONCE, size - start))]
        await asyncio.gather(*(loop.create_connection(lambda one=one: one, target.host, target.port) for one in some))
        await asyncio.wait_for(asyncio.gather(*(one.ready for one in some)), ARRIVES_WITHIN)
        watchers += some
    return watchers


async def make_tasks(target: Target, crowd: Crowd, first: int, number: int, *, per_second: float = 0) -> None:
    wire, began = Wire(target), time.perf_counter()
    for n in range(number):
        if per_second:
            await asyncio.sleep(max(0.0, began + n / per_second - time.perf_counter()))
        crowd.sent[first + n] = time.perf_counter()
        await wire.call("POST", "/api/tasks", {"title": f"mark-{first + n}-"})
    wire.close()


async def all_have(watchers: list[Watcher], last: int) -> None:
    async with asyncio.timeout(ARRIVES_WITHIN):
        while any(one.last < last for one in watchers):
            await asyncio.sleep(0.02)


def faults(crowd: Crowd, watchers: list[Watcher], expected: int) -> str:
    missing = sum(expected - one.count for one in watchers)
    told = {"deliveries missing": missing, "out of order": crowd.disordered, "connections lost": crowd.lost}
    return ", ".join(f"{number} {what}" for what, number in told.items() if number)


async def crowd(server: Server, *, seconds: int, each: int = 1000) -> list[Figure]:
    """Fifteen events a second for everybody, and then a burst; one more client takes nothing at all."""
    target, people = server.target, Crowd()
    allow_files(2 * each + 500)
    names = [f"{PER_SECOND} events/s at {each:,} sockets and {each:,} streams, p99", "memory with all of these"]
    names.append(f"{BURST} events at all of these")
    watchers: list[Watcher] = []
    try:
        watchers += await gather(target, people, each, lambda: socket_opening(target), masked(JOIN))
        watchers += await gather(target, people, each, lambda: target.request("GET", "/api/events"))
        deaf = (await gather(target, Crowd(), 1, lambda: socket_opening(target), masked(JOIN)))[0]
        deaf.transport.pause_reading()
        number, computed = PER_SECOND * seconds, server.cpu()
        await make_tasks(target, people, 0, number, per_second=PER_SECOND)
        await all_have(watchers, number - 1)
        steady, memory, computed = people.latencies, server.memory()["web"], server.cpu() - computed
        began, people.latencies = time.perf_counter(), []
        await make_tasks(target, people, number, BURST)
        made = time.perf_counter() - began
        await all_have(watchers, number + BURST - 1)
        burst = time.perf_counter() - began
    except (OSError, TimeoutError) as error:
        why = faults(people, watchers, len(people.sent)) if watchers else repr(error)
        return [failed(name, "", f"not everybody heard everything: {why}") for name in names]
    fault = faults(people, watchers, number + BURST)
    p50, worst = percentile(steady, 50) * 1000, percentile(steady, 100) * 1000
    each_took = computed / len(steady) * 1e6
    note = f"p50 {p50:.1f} ms, slowest {worst:.0f} ms, {each_took:.0f} µs of the server's time a delivery"
    for one in (*watchers, deaf):
        one.transport.close()
    return [
        Figure(names[0], percentile(steady, 99) * 1000, "ms", note=note, fault=fault),
        Figure(names[1], memory, "MiB"),
        Figure(names[2], burst, "s", note=f"made in {made:.1f} s", fault=fault),
    ]


async def at_rest(server: Server, size: int) -> list[Figure]:
    target = server.target
    allow_files(size + 500)
    before = server.memory()["web"]
    name = f"memory with {size:,} sockets at rest"
    try:
        watchers = await gather(target, Crowd(), size, lambda: socket_opening(target), masked(JOIN))
    except (OSError, TimeoutError) as error:
        return [failed(name, "MiB", repr(error))]
    memory = server.memory()["web"]
    note = f"{(memory - before) * 1024 / size:.1f} KiB each"
    lost = sum(one.transport.is_closing() for one in watchers)
    for one in watchers:
        one.transport.close()
    return [Figure(name, memory, "MiB", note=note, fault=f"{lost} lost" if lost else "")]


async def storm(server: Server, size: int) -> list[Figure]:
    """All come back after a restart, and ask for what they missed."""
    target, name = server.target, f"{size:,} sockets back after a restart, {MISSED} events each"
    before = (await Wire(target).call("GET", "/api/activities?limit=1"))["activities"][0]["id"]
    await make_tasks(target, Crowd(), AFTERWARDS, MISSED)
    server.stop()
    server.start()
    people, join = Crowd(first=AFTERWARDS), masked({**JOIN, "since": before})
    allow_files(size + 500)
    began = time.perf_counter()
    try:
        watchers = await gather(target, people, size, lambda: socket_opening(target), join)
        connected = time.perf_counter() - began
        await all_have(watchers, AFTERWARDS + MISSED - 1)
    except (OSError, TimeoutError) as error:
        return [failed(name, "s", f"not everybody heard everything: {error!r}")]
    took = time.perf_counter() - began
    fault = faults(people, watchers, MISSED)
    for one in watchers:
        one.transport.close()
    return [Figure(name, took, "s", note=f"all connected after {connected:.1f} s", fault=fault)]


def measure(server: Server, *, quick: bool) -> list[Figure]:
    figures = asyncio.run(crowd(server, seconds=5 if quick else 20))
    figures += asyncio.run(storm(server, 2000))
    return figures + asyncio.run(at_rest(server, 10_000))
