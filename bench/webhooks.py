"""How webhooks keep up: deliveries a second, and how long an event takes to an endpoint that answers."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from bench.figures import Figure, failed, percentile
from bench.sse import allow_files
from bench.wire import Target, Wire

SECRET = "bench-secret-of-the-receiver"
HOOKS, EVENTS = 20, 150
MANY, HANGING = 1000, 200
PATIENCE = 120.0
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass(slots=True)
class Arrivals:
    """When each request came, with the task it told of. Paths that begin with /hang are never answered."""

    moments: list[tuple[float, str, str]] = field(default_factory=list)

    def of(self, start: str) -> list[tuple[float, str]]:
        return [(moment, task) for moment, path, task in self.moments if path.startswith(start)]


class Endpoint(asyncio.Protocol):
    def __init__(self, arrivals: Arrivals) -> None:
        self.arrivals, self.unread = arrivals, b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.unread += data
        while (end := self.unread.find(b"\r\n\r\n")) >= 0:
            head, body = self.unread[:end], self.unread[end + 4 :]
            size = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
            if len(body) < size:
                return
            self.unread = body[size:]
            self._answer(head.split(b" ", 2)[1].decode(), body[:size])

    def _answer(self, path: str, body: bytes) -> None:
        self.arrivals.moments.append((time.perf_counter(), path, json.loads(body)["data"]["task"]["id"]))
        if not path.startswith("/hang"):
            self.transport.write(ANSWER)


async def measure(target: Target, *, quick: bool) -> list[Figure]:
    allow_files(3000)
    rounds = 5 if quick else 20
    figures = [await rate(target, EVENTS // 3 if quick else EVENTS), await latency(target, rounds)]
    return [*figures, await latency_among_many(target, max(rounds // 4, 3))]


async def rate(target: Target, events: int) -> Figure:
    name = "webhook deliveries"
    async with listening(target, [f"/{n}" for n in range(HOOKS)]) as arrivals:
        await asyncio.gather(*(_create(target, f"rate {n}") for n in range(events)))
        if not await _until(lambda: len(arrivals.moments) >= events * HOOKS):
            return failed(name, "/s", f"{len(arrivals.moments)} of {events * HOOKS} arrived")
        moments = sorted(moment for moment, *_ in arrivals.moments)
    note = f"{len(moments)} to {HOOKS} webhooks"
    return Figure(name, (len(moments) - 1) / (moments[-1] - moments[0]), "/s", note=note)


async def latency(target: Target, rounds: int) -> Figure:
    return await _latency(target, "event at a webhook, p95", ["/one"], rounds, pause=0.3, percent=95)


async def latency_among_many(target: Target, rounds: int) -> Figure:
    paths = [f"/hang/{n}" if n % (MANY // HANGING) == 0 else f"/sound/{n}" for n in range(MANY)]
    name = f"event at {MANY - HANGING} webhooks while {HANGING} hang, last"
    return await _latency(target, name, paths, rounds, pause=5.0, percent=100)


async def _latency(target: Target, name: str, paths: list[str], rounds: int, *, pause: float, percent: float) -> Figure:
    """From the answer to the change, which comes after its commit, until the endpoint has the request."""
    sound = [path for path in paths if not path.startswith("/hang")]
    committed: dict[str, float] = {}
    async with listening(target, paths) as arrivals:
        for number in range(rounds):
            task = await _create(target, f"event {number}")
            committed[task] = time.perf_counter()
            await asyncio.sleep(pause)
        await _until(lambda: len(arrivals.of(sound[0][:5])) >= rounds * len(sound))
        came = [(moment, task) for moment, task in arrivals.of(sound[0][:5]) if task in committed]
    took = [max(moment - committed[task], 0) * 1000 for moment, task in came]
    missing = rounds * len(sound) - len(took)
    detail = {f"p{each}_ms": percentile(took, each) for each in (50, 95, 100)}
    shown = ", ".join(f"{name[:-3]} {value:.0f} ms" for name, value in detail.items())
    note = f"{rounds} events, {shown}"
    fault = f"{missing} deliveries missing" if missing > 0 else ""
    return Figure(name, percentile(took, percent), "ms", note=note, fault=fault, detail=detail)


@asynccontextmanager
async def listening(target: Target, paths: list[str]) -> AsyncIterator[Arrivals]:
    """An endpoint here, with a webhook for each path, until the measure is taken."""
    arrivals = Arrivals()
    server = await asyncio.get_running_loop().create_server(lambda: Endpoint(arrivals), "127.0.0.1", 0, backlog=1024)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    wire, hooks = Wire(target), []
    try:
        for path in paths:
            body = {"url": address + path, "events": ["task.created"], "secret": SECRET}
            hooks.append((await wire.call("POST", "/api/v1/webhooks", body))["webhook"]["id"])
        await _heard(target, arrivals, len(paths))
        yield arrivals
    finally:
        for hook in hooks:
            await wire.send(target.request("DELETE", f"/api/v1/webhooks/{hook}"))
        wire.close()
        server.close()


async def _heard(target: Target, arrivals: Arrivals, hooks: int) -> None:
    """Until all have been told something once: from then on the worker listens, and knows who hangs."""
    await _create(target, "warm-up")
    await _until(lambda: len({path for _, path, _ in arrivals.moments}) >= hooks)
    arrivals.moments.clear()


async def _create(target: Target, title: str) -> str:
    wire = Wire(target)
    try:
        made = await wire.call("POST", "/api/tasks", {"title": title})
        return f"task_{made['task']['id']}"
    finally:
        wire.close()


async def _until(happened) -> bool:  # type: ignore[no-untyped-def]
    end = time.perf_counter() + PATIENCE
    while not happened():
        if time.perf_counter() > end:
            return False
        await asyncio.sleep(0.02)
    return True
