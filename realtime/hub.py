"""The hub: one per web process. It tails the log, encodes each event once, and feeds every open stream.

A thread waits for the bell and reads; the event loop only hands bytes to subscribers. Nobody who listens slowly can
hold up the hub: a subscriber's queue is bounded, and what happens when it is full is the subscriber's to decide.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Protocol

import structlog
from django.db import DatabaseError, connection

from accounts import credentials
from activity.bell import POLL_EVERY, Listener
from activity.catalogue import Kind
from activity.models import Event
from activity.tail import read_after

from .wire import sse
from .wire.sse import Frame

PAGE = 500
# Less than half of what one stream may have waiting.
PORTION_FRAMES = 200
PORTION_BYTES = 400 * 1024
TICK_EVERY = 1.0
READ_EVERY, READ_EVERY_UNHEARD = 0.003, 0.03
log = structlog.get_logger(__name__)


class Subscriber(Protocol):
    def take(self, frames: list[Frame]) -> None:
        """Called on the event loop with the frames of one page, oldest first. Must not block."""


class Hub:
    def __init__(self) -> None:
        self.position = 0
        self.subscribers: set[Subscriber] = set()
        # Told on the hub's thread of every page of events, as it was read.
        self.hearers: list[Callable[[list[Event]], None]] = []
        self.events_out = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._ticked_at = 0.0
        self._read_at = 0.0

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin at the log's end: the past is asked for by replay, per stream."""
        self._loop = loop
        self.position = latest_position()
        self._thread = threading.Thread(target=self._tail, name="hub", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()

    def subscribe(self, subscriber: Subscriber) -> int:
        """Add a stream; returns the position from which it is fed. Call on the event loop."""
        self.subscribers.add(subscriber)
        return self.position

    def unsubscribe(self, subscriber: Subscriber) -> None:
        self.subscribers.discard(subscriber)

    def _tail(self) -> None:
        position = self.position
        with Listener() as wait_for_bell:
            while not self._stop.is_set():
                try:
                    self._rest()
                    events = read_after(position, limit=PAGE)
                    if events:
                        position = events[-1].id
                        self._pass_on(events, position)
                    else:
                        self._tick()
                    if len(events) < PAGE:
                        wait_for_bell()
                except DatabaseError:
                    log.exception("hub_cannot_read_the_log")
                    connection.close()
                    self._stop.wait(1)

    def _rest(self) -> None:
        """Under a stream of commits read a few milliseconds' worth at once; the first after a pause, immediately."""
        pause = READ_EVERY if self.subscribers else READ_EVERY_UNHEARD
        early = self._read_at + pause - time.monotonic()
        if early > 0:
            time.sleep(early)
        self._read_at = time.monotonic()

    def _pass_on(self, events: list[Event], position: int) -> None:
        if any(event.kind == Kind.ACCESS_CHANGED for event in events):
            credentials.forget()
        for hear in self.hearers:
            hear(events)
        if not self.subscribers:
            self.on_loop(lambda: self._deliver(self._late(events), position))
            return
        # Encoded here, off the loop. A burst goes out in portions, so that whoever keeps up never overflows.
        portions = list(_portions(encode_all(events))) or [[]]
        portions[-1] += sse.touched(events)
        for portion in portions[:-1]:
            taken = threading.Event()
            self.on_loop(partial(self._deliver, portion, portion[-1].id, taken))
            taken.wait(POLL_EVERY)
        self.on_loop(partial(self._deliver, portions[-1], position))

    def _late(self, events: list[Event]) -> list[Frame]:
        """Nobody listened when the tail looked; somebody may have come since."""
        return encode_all(events) if self.subscribers else []

    def _tick(self) -> None:
        """The bell without an event: figures moved. Told at most once a second, to those who asked."""
        now = time.monotonic()
        if now - self._ticked_at < TICK_EVERY:
            return
        self._ticked_at = now
        at = int(time.time() * 1000)
        tick = Frame(0, None, ("tick",), None, None, sse.message("tick", None, at=at), transient=True)
        self.on_loop(lambda: self._deliver([tick], None))

    def on_loop(self, call: Callable[[], None]) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(call)

    def _deliver(self, frames: list[Frame], position: int | None, taken: threading.Event | None = None) -> None:
        if position is not None:
            self.position = position
        if frames:
            self.events_out += len(frames)
            for subscriber in tuple(self.subscribers):
                subscriber.take(frames)
        if taken:
            taken.set()


def _portions(frames: list[Frame]) -> Iterator[list[Frame]]:
    portion: list[Frame] = []
    size = 0
    for frame in frames:
        if portion and (len(portion) >= PORTION_FRAMES or size + len(frame.body) > PORTION_BYTES):
            yield portion
            portion, size = [], 0
        portion.append(frame)
        size += len(frame.body)
    if portion:
        yield portion


def encode_all(events: list[Event]) -> list[Frame]:
    return [frame for frame in map(_encoded, events) if frame]


def _encoded(event: Event) -> Frame | None:
    try:
        return sse.encode(event)
    except (KeyError, TypeError, ValueError):
        # One event that cannot be told must not silence the others.
        log.exception("event_cannot_be_encoded", id=event.id, kind=event.kind)
        return None


def latest_position() -> int:
    return Event.objects.settled().order_by("-id").values_list("id", flat=True).first() or 0


hub = Hub()
