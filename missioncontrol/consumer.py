"""The worker's way to its broker: when that is back, jobs go on within a second or two."""

from __future__ import annotations

from functools import partial
from typing import Any

from celery.worker.consumer import Consumer as CeleryConsumer


class Consumer(CeleryConsumer):
    def ensure_connected(self, conn: Any) -> Any:
        """Celery's own pauses grow to half a minute."""
        conn.ensure_connection = partial(conn.ensure_connection, interval_start=1, interval_step=0, interval_max=1)
        return super().ensure_connected(conn)
