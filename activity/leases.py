"""Single flight: of all processes that want to run a job now, one does."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import structlog
from django.db import DatabaseError, connection
from django.db.models import Q
from django.utils import timezone

from .models import Lease

log = structlog.get_logger(__name__)


def _me() -> str:
    return f"{socket.gethostname()}:{os.getpid()}:{threading.get_ident()}"


def keep(name: str, *, holder: str, now: datetime, until: datetime) -> bool:
    """Take the lease, or prolong it; false while somebody else has it."""
    Lease.objects.get_or_create(name=name, defaults={"holder": "", "until": now})
    mine = Q(holder=holder) | Q(until__lte=now)
    return bool(Lease.objects.filter(mine, name=name).update(holder=holder, until=until))


@contextmanager
def lease(name: str, *, now: datetime, seconds: int = 60) -> Iterator[bool]:
    """Yield true to the one process that got the lease; it lapses by itself should the holder die."""
    Lease.objects.get_or_create(name=name, defaults={"holder": "", "until": now})
    got = Lease.objects.filter(name=name, until__lte=now).update(holder=_me(), until=now + timedelta(seconds=seconds))
    try:
        yield bool(got)
    finally:
        if got:
            Lease.objects.filter(name=name, holder=_me()).update(holder="", until=now)


@contextmanager
def kept_lease(name: str, *, now: datetime, seconds: int) -> Iterator[bool]:
    """As `lease`, prolonged while its holder lives: others wait for a dead one no longer than this, however long the
    work may take."""
    over = threading.Event()
    with lease(name, now=now, seconds=seconds) as got:
        if got:
            threading.Thread(target=_prolong, args=(name, _me(), seconds, over), name="lease", daemon=True).start()
        try:
            yield got
        finally:
            over.set()


def _prolong(name: str, holder: str, seconds: int, over: threading.Event) -> None:
    held = True
    while held and not over.wait(seconds / 3):
        until = timezone.now() + timedelta(seconds=seconds)
        try:
            held = bool(Lease.objects.filter(name=name, holder=holder).update(until=until))
        except DatabaseError:
            log.warning("lease_not_prolonged", lease=name)
        finally:
            connection.close()
