"""An event stream that reconnects where it stopped, and checks that every event came once and in order."""

from __future__ import annotations

import asyncio
import time
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import orjson

from simulation.client import Client
from simulation.frames import Frame, Parser
from simulation.ledger import FOREVER
from simulation.meters import Histogram

# The server sends a comment every 30 s: longer silence means a dead connection.
SILENCE = aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=75)
PAUSE_AFTER_ERROR = 0.5
Heard = Callable[[dict[str, Any]], None]


class Hangup(Exception):
    """The server ended the stream, or refused it."""


@dataclass(slots=True)
class Log:
    """The ids one listener saw. Kept in order, 8 bytes each, so that listeners can be compared afterwards."""

    ids: array[int] = field(default_factory=lambda: array("Q"))
    duplicates: int = 0
    disordered: int = 0
    resyncs: int = 0
    events: Counter[str] = field(default_factory=Counter)

    @property
    def last(self) -> int | None:
        return self.ids[-1] if self.ids else None

    def add(self, number: int) -> bool:
        """False when this id was seen before, or is older than one that was."""
        if self.last is None or number > self.last:
            self.ids.append(number)
            return True
        position = bisect_left(self.ids, number)
        if self.ids[position] == number:
            self.duplicates += 1
        else:
            self.disordered += 1
        return False


def gaps(logs: Iterable[Log]) -> int:
    """Events that one listener saw and another, who was listening before and after, did not."""
    kept = [log for log in logs if log.ids]
    everything = sorted(set().union(*(log.ids for log in kept)))
    missing = 0
    for log in kept:
        expected = bisect_left(everything, log.ids[-1]) - bisect_left(everything, log.ids[0]) + 1
        missing += expected - len(log.ids)
    return missing


@dataclass(slots=True)
class EventStream:
    client: Client
    agent: str = ""
    heard: Heard = lambda event: None
    log: Log = field(default_factory=Log)
    delays: Histogram = field(default_factory=Histogram)
    connects: int = 0
    connected_at: float = FOREVER
    refusals: int = 0
    connected: asyncio.Event = field(default_factory=asyncio.Event)
    answer: aiohttp.ClientResponse | None = None

    async def run(self) -> None:
        """Listen until cancelled; come back after every end of the stream."""
        while True:
            try:
                async for frame in self.frames():
                    self.take(frame)
            except (aiohttp.ClientError, TimeoutError, OSError, Hangup):
                self.refusals += not self.connected.is_set()
            self.connected.clear()
            self.connected_at = FOREVER
            await asyncio.sleep(PAUSE_AFTER_ERROR)

    async def frames(self) -> AsyncIterator[Frame]:
        headers = {"Accept": "text/event-stream"} | ({"x-agent-name": self.agent} if self.agent else {})
        if self.log.last is not None:
            headers["Last-Event-ID"] = str(self.log.last)
        parser = Parser()
        url = self.client.url + "/api/events"
        async with self.client.session.get(url, headers=headers, timeout=SILENCE) as self.answer:
            if self.answer.status != 200:
                self.client.meters.keep_sample(self.answer.status, f"GET /api/events: {await self.answer.text()}")
                raise Hangup(self.answer.status)
            self.connects += 1
            async for chunk in self.answer.content.iter_any():
                for frame in parser.feed(chunk):
                    yield frame

    def hang_up(self) -> None:
        """End the connection from our side, as a lost network would; `run` comes back by itself."""
        if self.answer is not None:
            self.answer.close()

    def take(self, frame: Frame) -> None:
        if not frame.data:
            return
        event = orjson.loads(frame.data)
        self.log.events[event["type"]] += 1
        match event["type"]:
            case "connected":
                self.connected_at = time.time()
                self.connected.set()
                return
            case "resync":
                self.log.resyncs += 1
                return
        if frame.id is None or self.log.add(int(frame.id)):
            self.measure(event)
            self.heard(event)

    def measure(self, event: dict[str, Any]) -> None:
        # Replayed events are old on purpose: only what happened on this connection says something about delay.
        happened = event["timestamp"] / 1000
        if happened > self.connected_at:
            self.delays.add(time.time() - happened)
