"""The beat: a tick a second. It remembers nothing, since what is due stands in the database; of several, one ticks."""

from __future__ import annotations

import os
import socket
import threading
import time
from datetime import timedelta
from typing import Any

import structlog
from celery.beat import Scheduler
from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone

# Another beat takes over so long after the last sign of this one.
LEASE_SECONDS = 6
LOOK_EVERY = 2.0
LEASE = "beat"
log = structlog.get_logger(__name__)


class OneOfMany(Scheduler):
    """With a broker that others reach, too, it ticks only while it holds the lease."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._me = f"{socket.gethostname()}:{os.getpid()}:{threading.get_ident()}"
        self._looked_at = -LOOK_EVERY
        self._holds = False
        super().__init__(*args, **kwargs)

    def tick(self, *args: Any, **kwargs: Any) -> Any:
        if settings.REDIS_URL and not self._may_tick():
            return LOOK_EVERY
        return super().tick(*args, **kwargs)

    def close(self) -> None:
        if self._holds:
            self._keep(seconds=0)
        super().close()

    def _may_tick(self) -> bool:
        if time.monotonic() - self._looked_at >= LOOK_EVERY:
            held, self._holds = self._holds, self._keep(seconds=LEASE_SECONDS)
            self._looked_at = time.monotonic()
            if held != self._holds:
                log.info("beat_ticks" if self._holds else "beat_waits")
        return self._holds

    def _keep(self, *, seconds: float) -> bool:
        from activity.leases import keep

        now = timezone.now()
        try:
            return keep(LEASE, holder=self._me, now=now, until=now + timedelta(seconds=seconds))
        except DatabaseError as error:
            log.warning("beat_has_no_database", error=str(error).strip())
            connection.close()
            return False

    def _ensure_connected(self) -> Any:
        def tell(error: Exception, interval: float) -> None:
            log.warning("beat_has_no_broker", error=str(error))

        return self.connection.ensure_connection(tell, interval_start=1, interval_step=0, interval_max=1)
