"""Signs of life of the worker, its jobs and the control channel, kept where every web process can see them."""

from __future__ import annotations

from datetime import datetime, timedelta

from .models import Reader

WORKER, CONTROL, JOBS = "worker", "control", "jobs"
SILENCE = timedelta(seconds=60)


def seen(name: str, *, now: datetime) -> None:
    Reader.objects.update_or_create(name=name, defaults={"seen_at": now})


def gone(name: str) -> None:
    """It ended as it should."""
    Reader.objects.filter(name=name).delete()


def is_alive(name: str, *, now: datetime) -> bool:
    return Reader.objects.seen_since(now - SILENCE).filter(name=name).exists()


def worker_seen(*, now: datetime) -> None:
    seen(WORKER, now=now)


def worker_is_alive(*, now: datetime) -> bool:
    return is_alive(WORKER, now=now)
