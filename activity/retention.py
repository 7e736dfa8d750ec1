"""How long the log remembers."""

from __future__ import annotations

from datetime import datetime
from itertools import takewhile

from .models import Event, Reader

BATCH = 5000


def prune(*, before: datetime) -> int:
    """Delete events older than `before` that every reader has passed, in short transactions; returns how many."""
    slowest = min(Reader.objects.exclude(name="worker").values_list("position", flat=True), default=None)
    gone = 0
    while (last := _end_of_first_batch(before, slowest)) is not None:
        # Not .delete() on a slice: a plain range of ids is one indexed statement.
        old = Event.objects.filter(id__lte=last)
        gone += old._raw_delete(old.db)
    return gone


def _end_of_first_batch(before: datetime, slowest: int | None) -> int | None:
    """The last id of the log's first old rows. Ids and times grow together, so the times need no index."""
    first = Event.objects.order_by("id").values_list("id", "at")
    if slowest is not None:
        first = first.filter(id__lte=slowest)
    old = [id for id, _ in takewhile(lambda row: row[1] < before, first[:BATCH])]
    return old[-1] if old else None
