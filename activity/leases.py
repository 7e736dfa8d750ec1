"""Single flight: of all processes that want to run a job now, one does."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from .models import Lease


def _me() -> str:
    return f"{socket.gethostname()}:{os.getpid()}:{threading.get_ident()}"


@contextmanager
def lease(name: str, *, now: datetime, seconds: int = 60) -> Iterator[bool]:
    """Yield true to the one process that got the lease; it lapses by itself should the holder die."""
    Lease.objects.get_or_create(name=name, defaults={"holder": "", "until": now})
    got = Lease.objects.filter(name=name, until__lte=now).update(holder=_me(), until=now + timedelta(seconds=seconds))
    try:
        yield bool(got)
    finally:
        if got:
            Lease.objects.filter(name=name, holder=_me()).update(until=now)
