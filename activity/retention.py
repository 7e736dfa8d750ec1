"""How long the log remembers: what people read, what administrators read, and what only machines act on."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q, QuerySet

from core.ages import last_before, remove, remove_in_order

from .catalogue import Kind
from .models import Event, Reader

# Names of the parts of the log, as in `settings.RETAIN_DAYS`.
PARTS: dict[str, Q] = {
    "activities": Q(kind=Kind.STORY),
    "audit": Q(kind=Kind.AUDIT),
    "events": ~Q(kind__in=[Kind.STORY, Kind.AUDIT]),
}
# How long what is transient can be read again.
KEPT = timedelta(hours=1)
NO_READERS = ("worker", "control", "jobs", "readyz")


def cutoff(part: str, *, now: datetime) -> datetime | None:
    """What is older may go; None when this part is kept for ever."""
    days = settings.RETAIN_EVENTS_DAYS if part == "events" else settings.RETAIN_DAYS[part]
    return now - timedelta(days=days) if days > 0 else None


def stale(part: str, *, before: datetime) -> int:
    """How many rows `prune` would delete."""
    return _rows(part, before).filter(id__lte=_end(before)).count()


def prune(part: str, *, before: datetime) -> int:
    """Delete what is older and every reader has passed, in short transactions; returns how many rows went."""
    return remove(_rows(part, before), up_to=_end(before))


def prune_all(*, now: datetime) -> int:
    """Each part of the log by its own age."""
    cutoffs = {part: cutoff(part, now=now) for part in PARTS}
    return sum(prune(part, before=before) for part, before in cutoffs.items() if before is not None)


def forget_transient(*, now: datetime) -> int:
    """Delete what agents said and is past its hour, whether or not readers have come so far: they pass it over."""
    return remove_in_order(Event.objects.transient().filter(at__lt=now - KEPT).order_by("at"))


def _rows(part: str, before: datetime) -> QuerySet[Event]:
    # The clocks of two machines may differ: the time itself is looked at as well.
    return Event.objects.filter(PARTS[part], at__lt=before)


def _end(before: datetime) -> int:
    end = last_before(Event.objects.all(), column="at", moment=before)
    slowest = min(Reader.objects.exclude(name__in=NO_READERS).values_list("position", flat=True), default=None)
    return end if slowest is None else min(end, slowest)
