"""Old rows of tables whose ids and times grow together: found and removed by ranges of ids, not by an index."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import connection, models, transaction

# So many neighbours may be out of order.
BATCH = 2000
# Seconds for which a transaction may keep those who write waiting, and for which it then lets them. Whoever waits for
# SQLite's lock sleeps up to 25 ms at a time at first: a rest that is longer is missed by nobody.
HELD, REST = 0.02, 0.05
# Rows of the first transaction, and of any.
FIRST, LEAST, MOST = 200, 20, 10_000
# Transactions after which the write-ahead log is folded back.
FOLDED = 8


def last_before(rows: models.QuerySet[Any], *, column: str, moment: datetime) -> int:
    """The id at which the rows older than `moment` end: some twenty looks into the primary key, by halving, and one
    at the rows that follow, since neighbours may be out of order."""
    low, high = 0, rows.order_by("-id").values_list("id", flat=True).first() or 0
    while low < high:
        middle = (low + high + 1) // 2
        at = rows.filter(id__lte=middle).order_by("-id").values_list(column, flat=True).first()
        if at is None or at < moment:
            low = middle
        else:
            high = middle - 1
    return _last_out_of_order(rows, low, column=column, moment=moment)


def _last_out_of_order(rows: models.QuerySet[Any], end: int, *, column: str, moment: datetime) -> int:
    position = end
    while True:
        page = list(rows.filter(id__gt=position).order_by("id").values_list("id", column)[:BATCH])
        old = [id for id, at in page if at < moment]
        if not old:
            return end
        end, position = old[-1], page[-1][0]


class Pace:
    """Short transactions, each of as many rows as the one before says can go in `HELD` seconds, and a rest after it, in
    which those who write take their turn."""

    def __init__(
        self, *, clock: Callable[[], float] = time.perf_counter, rest: Callable[[float], None] = time.sleep
    ) -> None:
        self.size, self._turns = FIRST, 0
        self._clock, self._rest = clock, rest

    @contextmanager
    def turn(self) -> Iterator[None]:
        with transaction.atomic():
            # Waiting for one's turn does not count: it keeps nobody else waiting.
            began = self._clock()
            yield
        self.size = next_size(self.size, took=self._clock() - began)

    def rest(self) -> None:
        self._turns += 1
        if self._turns % FOLDED == 0:
            _fold_back()
        self._rest(REST)


def _fold_back() -> None:
    """Of SQLite's write-ahead log, what can be without keeping anybody waiting. Else it grows until somebody who
    writes has to do all of it."""
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(PASSIVE)")
            cursor.fetchall()


def next_size(size: int, *, took: float) -> int:
    """Grows by half at most, since rows differ, and shrinks at once."""
    fits = int(size * HELD / took) if took > 0 else MOST
    return min(max(fits, LEAST), size + size // 2, MOST)


def remove(rows: models.QuerySet[Any], *, up_to: int, pace: Pace | None = None) -> int:
    """Delete these rows up to an id, in short transactions; returns how many."""
    gone, position, pace = 0, 0, pace or Pace()
    while position < up_to:
        size = pace.size
        ids = rows.filter(id__gt=position, id__lte=up_to).order_by("id").values_list("id", flat=True)[:size]
        page = list(ids)
        if not page:
            break
        with pace.turn():
            # Not by naming the ids: a plain range is one indexed statement.
            some = rows.filter(id__gt=position, id__lte=page[-1]).order_by()
            gone += some._raw_delete(some.db)
        position = page[-1]
        if len(page) < size:
            break
        pace.rest()
    return gone


def remove_in_order(rows: models.QuerySet[Any], *, pace: Pace | None = None) -> int:
    """As `remove`, for rows found by an index: in the order they have. What has changed meanwhile stays."""
    gone, pace = 0, pace or Pace()
    while True:
        size = pace.size
        keys = list(rows.values_list("pk", flat=True)[:size])
        if keys:
            with pace.turn():
                some = rows.filter(pk__in=keys).order_by()
                gone += some._raw_delete(some.db)
        if len(keys) < size:
            return gone
        pace.rest()
