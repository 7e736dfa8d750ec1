"""Reads on a thread what the log tells to this dialect, and hands it to the event loop page by page."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog
from django.db import DatabaseError, connection
from django.utils import timezone

from activity.bell import POLL_EVERY, Listener
from activity.catalogue import Kind
from activity.models import Event
from core.ages import last_before

TOLD = (Kind.AGENT_HEARTBEAT, Kind.SYSTEM_LOG, Kind.SYSTEM_LIFECYCLE, Kind.CONNECTION_CREATED, Kind.CONNECTION_ENDED)
PAGE = 200
# Between two looks: nobody at the other end needs to know sooner.
PAUSE = 0.05
# As long as transient events are kept.
LOOKS_BACK = timedelta(hours=1)
log = structlog.get_logger(__name__)


class Tail:
    """`tell` is called on the event loop with events, oldest first. What happened before it began is not told, but the
    newest heartbeat is known to `last_heartbeat`."""

    def __init__(self, tell: Callable[[Sequence[Event]], None]) -> None:
        self._tell = tell
        self._stop = threading.Event()
        self.last_heartbeat: Event | None = None

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        threading.Thread(target=self._run, args=(loop,), name="control-tail", daemon=True).start()

    def stop(self) -> None:
        self._stop.set()

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        position: int | None = None
        with Listener() as wait_for_bell:
            while not self._stop.is_set():
                try:
                    if position is None:
                        position = _newest()
                        self.last_heartbeat = _last_heartbeat(timezone.now(), upto=position)
                    page, position = _read(position)
                    if page:
                        self._pass_on(loop, page)
                    if len(page) < PAGE:
                        wait_for_bell()
                        self._stop.wait(PAUSE)
                except DatabaseError as error:
                    log.warning("control_cannot_read_the_log", error=type(error).__name__)
                    connection.close()
                    self._stop.wait(POLL_EVERY)

    def _pass_on(self, loop: asyncio.AbstractEventLoop, page: list[Event]) -> None:
        """Waits until the loop has taken them, so that a burst does not pile up behind it."""
        taken = threading.Event()
        if not loop.is_closed():
            loop.call_soon_threadsafe(self._hand_over, page, taken)
            taken.wait(POLL_EVERY)

    def _hand_over(self, page: list[Event], taken: threading.Event) -> None:
        try:
            for event in page:
                if event.kind == Kind.AGENT_HEARTBEAT:
                    self.last_heartbeat = event
            self._tell(page)
        finally:
            taken.set()


def _newest() -> int:
    return Event.objects.settled().order_by("-id").values_list("id", flat=True).first() or 0


def _read(position: int) -> tuple[list[Event], int]:
    """The next page, and the id up to which everything was looked at."""
    end = _newest()
    if end <= position:
        return [], position
    page = list(Event.objects.after(position).filter(id__lte=end, kind__in=TOLD)[:PAGE])
    return page, page[-1].id if len(page) == PAGE else end


def _last_heartbeat(now: datetime, *, upto: int) -> Event | None:
    old = last_before(Event.objects.all(), column="at", moment=now - LOOKS_BACK)
    return Event.objects.filter(id__gt=old, id__lte=upto, kind=Kind.AGENT_HEARTBEAT).order_by("-id").first()
