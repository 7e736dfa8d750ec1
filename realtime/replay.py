"""What a listener that comes back has missed, read from the log. Every function here asks the database.

Pages are cut at fixed ids and kept for a while, so that the many who come back after a restart share what was read and
encoded once.
"""

from __future__ import annotations

import threading
import time
from bisect import bisect_right
from collections import OrderedDict
from concurrent.futures import Future

from activity.catalogue import TRANSIENT
from activity.models import Event

from .dialects import Dialect
from .wire.frames import Frame

REPLAY_AT_MOST = 10_000
# In ids, however few of them a listener wants: they are all looked through.
WIDEST = 200_000
PAGE_IDS = 500
KEPT_PAGES = 64
KEPT_SECONDS = 10.0
Key = tuple[str, int, int]


def is_known(position: int) -> bool:
    newest = Event.objects.order_by("-id").values_list("id", flat=True).first() or 0
    return position <= newest


def is_gap(asked: int, upto: int, *, with_output: bool) -> bool:
    """True when the position is older than the log, or too far behind to be caught up with. What agents said counts
    for those who listen to it."""
    oldest = Event.objects.order_by("id").values_list("id", flat=True).first()
    if oldest is None or asked < max(oldest - 1, 0):
        return True
    if upto - asked <= REPLAY_AT_MOST:
        return False
    if upto - asked > WIDEST:
        return True
    missed = Event.objects.filter(id__gt=asked, id__lte=upto)
    missed = missed if with_output else missed.exclude(kind__in=TRANSIENT)
    return missed[: REPLAY_AT_MOST + 1].count() > REPLAY_AT_MOST


def missed(asked: int, upto: int, dialect: Dialect) -> tuple[list[Frame], int]:
    """A page of frames after `asked`, and the position it reaches."""
    start = asked - asked % PAGE_IDS
    end = min(start + PAGE_IDS, upto)
    frames = _pages.page(dialect, start, end)
    return frames[bisect_right(frames, asked, key=lambda frame: frame.id) :], end


def forget_old() -> None:
    """Let go of pages that nobody has come back for."""
    _pages.forget_old(time.monotonic())


class _Pages:
    """Encoded pages of the log by dialect and ids; read by one thread, whoever else asks for them meanwhile."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Key, tuple[float, Future[list[Frame]]]] = OrderedDict()
        self._lock = threading.Lock()

    def page(self, dialect: Dialect, start: int, end: int) -> list[Frame]:
        key, now = (dialect.name, start, end), time.monotonic()
        with self._lock:
            kept_at, page = self._kept.get(key, (0.0, None))
            is_known = page is not None and now - kept_at < KEPT_SECONDS
            if page is None or not is_known:
                page = Future()
                self._kept[key] = now, page
                self._kept.move_to_end(key)
                while len(self._kept) > KEPT_PAGES:
                    self._kept.popitem(last=False)
        if not is_known:
            self._fill(page, key, dialect)
        return page.result()

    def forget_old(self, now: float) -> None:
        with self._lock:
            # The oldest first, as they came.
            while self._kept and now - next(iter(self._kept.values()))[0] >= KEPT_SECONDS:
                self._kept.popitem(last=False)

    def _fill(self, page: Future[list[Frame]], key: Key, dialect: Dialect) -> None:
        try:
            page.set_result(_read(dialect, key[1], key[2]))
        except BaseException as error:
            with self._lock:
                self._kept.pop(key, None)
            page.set_exception(error)


def _read(dialect: Dialect, start: int, end: int) -> list[Frame]:
    return dialect.encode_all(list(Event.objects.after(start).filter(id__lte=end)))


_pages = _Pages()
