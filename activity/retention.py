"""How long the log remembers."""

from __future__ import annotations

from datetime import datetime

from .models import Event, Reader

BATCH = 5000


def prune(*, before: datetime) -> int:
    """Delete events older than `before` that every reader has passed, in short transactions; returns how many."""
    slowest = min(Reader.objects.exclude(name="worker").values_list("position", flat=True), default=None)
    old = Event.objects.filter(at__lt=before)
    if slowest is not None:
        old = old.filter(id__lte=slowest)
    gone = 0
    while ids := list(old.order_by("id").values_list("id", flat=True)[:BATCH]):
        # Not .delete() on the slice: a plain range is one indexed statement.
        gone += old.filter(id__lte=ids[-1])._raw_delete(old.db)
    return gone
