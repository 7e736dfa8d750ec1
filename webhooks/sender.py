"""The sender: one thread that claims and settles, one event loop that waits for the endpoints."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import structlog
from django.db import connection
from django.utils import timezone

from .posting import Outcome, post
from .services import Claimed, claim, settle
from .waking import wake

# Requests under way; each waits, almost always, for somebody else's computer.
PLACES = 64
LOOK_EVERY = 1.0
log = structlog.get_logger(__name__)


def run(stop: threading.Event) -> None:
    """Send what is due until told to stop."""
    sender = Sender()
    try:
        while not stop.is_set():
            try:
                if not sender.turn():
                    wake.wait(LOOK_EVERY)
            except Exception:  # noqa: BLE001 - the sender outlives any error: what it claimed lapses
                log.exception("sender_failed")
                connection.close()
                stop.wait(LOOK_EVERY)
    finally:
        sender.close()


class Sender:
    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        # Looking up names blocks a thread each.
        self._loop.set_default_executor(ThreadPoolExecutor(PLACES, thread_name_prefix="webhook-names"))
        self._thread = threading.Thread(target=self._loop.run_forever, name="webhooks-io", daemon=True)
        self._thread.start()
        self._done: queue.SimpleQueue[tuple[Claimed, Outcome]] = queue.SimpleQueue()
        self._under_way: Counter[int] = Counter()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
        if not self._loop.is_running():
            self._loop.close()

    def turn(self) -> bool:
        """Store what came back, take on what is due; true when anything was done."""
        wake.clear()
        finished = self._finished()
        if finished:
            settle([(claimed.id, outcome) for claimed, outcome in finished], now=timezone.now())
        places = PLACES - self._under_way.total()
        begun = claim(now=timezone.now(), places=places, under_way=self._under_way) if places > 0 else []
        for claimed in begun:
            self._under_way[claimed.webhook_id] += 1
            asyncio.run_coroutine_threadsafe(self._send(claimed), self._loop)
        return bool(finished or begun)

    async def _send(self, claimed: Claimed) -> None:
        outcome = await post(claimed.request)
        self._done.put((claimed, outcome))
        wake.set()

    def _finished(self) -> list[tuple[Claimed, Outcome]]:
        finished = []
        while not self._done.empty():
            finished.append(self._done.get())
            self._under_way[finished[-1][0].webhook_id] -= 1
        return finished

    def __enter__(self) -> Sender:
        return self

    def __exit__(self, *exc: Any) -> None:
        self.close()
