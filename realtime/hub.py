"""The hub: one per web process. It tails the log, encodes each event once per dialect that somebody listens to, and
feeds every open stream.

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

from . import replay
from .dialects import DIALECTS, SSE, Dialect
from .wire import sse
from .wire.frames import Frame

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
        self.listeners: dict[Dialect, set[Subscriber]] = {dialect: set() for dialect in DIALECTS}
        # Told on the hub's thread of every page of events, as it was read.
        self.hearers: list[Callable[[list[Event]], None]] = []
        # Who begins to listen is either seen by the tail, or fed from where it stood.
        self._passed_on = 0
        self._counting_listeners = threading.Lock()
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

    def subscribe(self, subscriber: Subscriber, dialect: Dialect = SSE) -> int:
        """Add a listener; returns the position from which it is fed. Call on the event loop."""
        with self._counting_listeners:
            self.listeners[dialect].add(subscriber)
            return max(self.position, self._passed_on)

    def unsubscribe(self, subscriber: Subscriber, dialect: Dialect = SSE) -> None:
        self.listeners[dialect].discard(subscriber)

    def _tail(self) -> None:
        position = self.position
        with Listener() as wait_for_bell:
            while not self._stop.is_set():
                try:
                    self._rest()
                    events = read_after(position, limit=PAGE)
                    if events:
                        self._pass_on(events, events[-1].id)
                        position = events[-1].id
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
        pause = READ_EVERY if any(self.listeners.values()) else READ_EVERY_UNHEARD
        early = self._read_at + pause - time.monotonic()
        if early > 0:
            time.sleep(early)
        self._read_at = time.monotonic()

    def _pass_on(self, events: list[Event], position: int) -> None:
        if any(event.kind == Kind.ACCESS_CHANGED for event in events):
            credentials.forget()
        for hear in self.hearers:
            hear(events)
        with self._counting_listeners:
            heard = [dialect for dialect, listeners in self.listeners.items() if listeners]
            self._passed_on = position if len(heard) < len(DIALECTS) else self._passed_on
        # Encoded here, off the loop, and all before any is told: should the database fail, the page is read again.
        for dialect, frames in [(dialect, dialect.encode_all(events)) for dialect in heard]:
            self._tell(dialect, frames, dialect.hints(events))
        self.on_loop(partial(self._move_to, position))

    def _tell(self, dialect: Dialect, frames: list[Frame], hints: list[Frame]) -> None:
        """A burst goes out in portions, so that whoever keeps up never overflows."""
        portions = list(_portions(frames)) or [[]]
        for portion in portions[:-1]:
            taken = threading.Event()
            self.on_loop(partial(self._deliver, dialect, portion, taken))
            taken.wait(POLL_EVERY)
        portions[-1] += hints
        if portions[-1]:
            self.on_loop(partial(self._deliver, dialect, portions[-1]))

    def _tick(self) -> None:
        """The bell without an event: figures moved. Told at most once a second, to those who asked."""
        now = time.monotonic()
        if now - self._ticked_at < TICK_EVERY:
            return
        self._ticked_at = now
        replay.forget_old()
        self.on_loop(partial(self._deliver, SSE, [sse.tick()]))

    def on_loop(self, call: Callable[[], None]) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(call)

    def _move_to(self, position: int) -> None:
        self.position = position

    def _deliver(self, dialect: Dialect, frames: list[Frame], taken: threading.Event | None = None) -> None:
        if last := frames[-1].id:
            dialect.told, self.position = last, max(self.position, last)
        dialect.frames.inc(len(frames))
        for subscriber in tuple(self.listeners[dialect]):
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


def latest_position() -> int:
    return Event.objects.settled().order_by("-id").values_list("id", flat=True).first() or 0


hub = Hub()
