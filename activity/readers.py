"""The reader loop: each durable reader of the log handles every event once, in order, also after a crash."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django.utils.module_loading import import_string

from core import tracing

from . import vitals
from .bell import Listener
from .models import Event, Reader

PAGE = 200
# Between two looks, so that a page holds many events when many happen: each page is a transaction.
PAUSE = 0.1
LOOK_EVERY = 0.04
# Between two signs of life.
TELL_EVERY = 15.0
ReaderFunction = Callable[[Sequence[Event]], None]
log = structlog.get_logger(__name__)


def run(stop: threading.Event) -> None:
    """Read for every name in `settings.EVENT_READERS` until told to stop."""
    told = float("-inf")
    with Listener(look_every=LOOK_EVERY) as wait_for_bell:
        while not stop.is_set():
            try:
                # From here and not from a job: the broker may be away while the worker lives.
                if time.monotonic() - told >= TELL_EVERY:
                    vitals.worker_seen(now=timezone.now())
                    told = time.monotonic()
                behind = [catch_up(name, now=timezone.now()) for name in settings.EVENT_READERS]
                if not any(behind):
                    wait_for_bell()
                    stop.wait(PAUSE)
            except Exception:  # noqa: BLE001 - the loop outlives any reader's error: the page is read again
                log.exception("reader_failed")
                connection.close()
                stop.wait(1)


def only_while(wanted: Callable[[], bool]) -> Callable[[ReaderFunction], ReaderFunction]:
    """For readers that nobody may be interested in: then pages are passed over unread, which costs next to nothing."""

    def mark(read: ReaderFunction) -> ReaderFunction:
        read.wanted = wanted  # type: ignore[attr-defined]
        return read

    return mark


def catch_up(name: str, *, now: datetime) -> bool:
    """Hand one page of settled events to the reader; true when there may be more. What is transient is passed over.

    The cursor is claimed by update: of two workers that read the same page, the second rolls back.
    """
    read: ReaderFunction = import_string(name)
    reader, _ = Reader.objects.get_or_create(name=name, defaults={"position": _start()})
    if _passes_over(read, reader, now=now):
        return False
    # In this order: behind the newest of now there is nothing that the page could have missed.
    newest = _start()
    page = list(Event.objects.settled().durable().after(reader.position)[:PAGE])
    end = page[-1].id if len(page) == PAGE else max([newest, *(event.id for event in page[-1:])])
    if end <= reader.position:
        return False
    about = {"mc.events": len(page), "mc.position": end}
    with tracing.span(f"read {name}", about, links=(event.traceparent for event in page)), transaction.atomic():
        moved = Reader.objects.filter(name=name, position=reader.position).update(position=end, seen_at=now)
        if moved and page:
            read(page)
    return len(page) == PAGE


def _passes_over(read: ReaderFunction, reader: Reader, *, now: datetime) -> bool:
    wanted: Callable[[], bool] | None = getattr(read, "wanted", None)
    if wanted is None:
        return False
    # In this order: what happens after somebody became interested comes after the newest.
    newest = _start()
    if wanted():
        return False
    if newest > reader.position:
        Reader.objects.filter(name=reader.name, position=reader.position).update(position=newest, seen_at=now)
    return True


def _start() -> int:
    """A reader that is new hears what happens from now on, not the past."""
    return Event.objects.settled().order_by("-id").values_list("id", flat=True).first() or 0
