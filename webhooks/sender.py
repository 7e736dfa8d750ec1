"""The sender: one thread that claims and settles, one event loop that waits for the endpoints."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import structlog
from django.db import connection
from django.utils import timezone

from .posting import Outcome
from .services import Claimed, Lane, claim, settle
from .waking import wake

if TYPE_CHECKING:
    from .io import Io

# Lanes under way; each waits, almost always, for somebody else's computer. Endpoints that failed last get a part.
PLACES, DOUBTFUL = 512, 128
LOOK_EVERY = 1.0
# While lanes are under way: outcomes are stored some at once, and soon enough.
STORE_EVERY = 0.1
# After each turn, so that what comes back together is stored and followed up together.
GATHER = 0.02
# In the end, for what is under way to come back.
FAREWELL = 3.0
log = structlog.get_logger(__name__)


def run(stop: threading.Event) -> None:
    """Send what is due until told to stop."""
    with Sender() as sender:
        while not stop.is_set():
            try:
                if sender.turn():
                    stop.wait(GATHER)
                else:
                    wake.wait(STORE_EVERY if sender.is_busy else LOOK_EVERY)
            except Exception:  # noqa: BLE001 - the sender outlives any error: what it claimed lapses
                log.exception("sender_failed")
                connection.close()
                stop.wait(LOOK_EVERY)
        sender.wait_a_moment()


class Sender:
    def __init__(self) -> None:
        self._io: Io | None = None
        self._done: queue.SimpleQueue[tuple[Claimed, Outcome | None]] = queue.SimpleQueue()
        self._over: queue.SimpleQueue[Lane] = queue.SimpleQueue()
        # The lanes under way, and whether each is of an endpoint that failed last.
        self._lanes: dict[Lane, bool] = {}

    @property
    def is_busy(self) -> bool:
        return bool(self._lanes)

    def turn(self) -> bool:
        """Store what came back, take on what is due; true when anything was done."""
        wake.clear()
        finished = self._settle()
        places, doubtful = PLACES - len(self._lanes), DOUBTFUL - sum(self._lanes.values())
        if places <= 0:
            return finished
        begun = claim(now=timezone.now(), places=places, doubtful_places=doubtful, under_way=self._lanes.keys())
        for lane, rows in groupby(begun, key=attrgetter("webhook_id", "is_retry")):
            self._begin(lane, list(rows))
        return bool(finished or begun)

    def wait_a_moment(self) -> None:
        """For what is under way. What does not come back lapses, and goes out again."""
        until = time.monotonic() + FAREWELL
        while self._lanes and time.monotonic() < until:
            wake.wait(STORE_EVERY)
            wake.clear()
            self._settle()

    def close(self) -> None:
        if self._io is not None:
            self._io.close()

    def _begin(self, lane: Lane, rows: Sequence[Claimed]) -> None:
        self._lanes[lane] = rows[0].doubtful
        if self._io is None:
            from .io import Io

            self._io = Io()
        self._io.begin(self._drive(lane, rows, self._io))

    async def _drive(self, lane: Lane, rows: Sequence[Claimed], io: Io) -> None:
        from .lanes import drive

        try:
            await drive(rows, io.lines, lambda claimed, outcome: self._done.put((claimed, outcome)))
        finally:
            self._over.put(lane)
            wake.set()

    def _settle(self) -> bool:
        """Lanes first: what a lane reported came before its end."""
        over = [self._over.get() for _ in range(self._over.qsize())]
        finished = [self._done.get() for _ in range(self._done.qsize())]
        for lane in over:
            del self._lanes[lane]
        if finished:
            outcomes = [(claimed.id, outcome) for claimed, outcome in finished if outcome is not None]
            unsent = [claimed.id for claimed, outcome in finished if outcome is None]
            settle(outcomes, now=timezone.now(), unsent=unsent)
        return bool(over or finished)

    def __enter__(self) -> Sender:
        return self

    def __exit__(self, *exc: Any) -> None:
        self.close()
