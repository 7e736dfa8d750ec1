"""Signs of life of the worker, kept where every web process can see them."""

from __future__ import annotations

from datetime import datetime, timedelta

from .models import Reader

WORKER = "worker"
SILENCE = timedelta(seconds=60)


def worker_seen(*, now: datetime) -> None:
    Reader.objects.update_or_create(name=WORKER, defaults={"seen_at": now})


def worker_is_alive(*, now: datetime) -> bool:
    return Reader.objects.seen_since(now - SILENCE).filter(name=WORKER).exists()
