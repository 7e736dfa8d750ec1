"""Whether those are alive whom the others need."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from django.db import connection

from activity.models import Event, Reader
from activity.vitals import worker_is_alive

from .finding import Finding, Verdict, judged

LAG_AT_MOST = 1000


def examine(now: datetime) -> Iterator[Finding]:
    alive = worker_is_alive(now=now)
    yield judged(
        "Worker",
        "seen within a minute" if alive else "not seen for a minute: nothing is delivered, expired or swept",
        unless=not alive,
        fix="Start it with `make run`, or `celery --app missioncontrol.celery worker`.",
    )
    yield _broker()
    yield from _readers()


def _broker() -> Finding:
    if not settings.REDIS_URL:
        several = connection.vendor == "postgresql"
        return judged(
            "Redis",
            "none: the worker runs its jobs by itself",
            unless=several,
            verdict=Verdict.DOUBTFUL,
            fix="Set REDIS_URL when web processes run on several machines.",
        )
    import redis

    try:
        redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=2, socket_timeout=2).ping()
    except redis.RedisError as error:
        fix = "Start it, or mend REDIS_URL. Until then processes look for news by polling, and jobs wait."
        return Finding("Redis", Verdict.BAD, str(error), fix)
    return Finding("Redis", Verdict.GOOD, "answers")


def _readers() -> Iterator[Finding]:
    """How far those who read the log are behind its end."""
    newest = Event.objects.order_by("-id").values_list("id", flat=True).first() or 0
    for reader in Reader.objects.filter(position__gt=0).order_by("name"):
        behind = newest - reader.position
        yield judged(
            f"Reader {reader.name}",
            f"{behind} events behind" if behind > 0 else "at the end of the log",
            unless=behind > LAG_AT_MOST,
            verdict=Verdict.DOUBTFUL,
            fix="Look at the worker's log for what it cannot get past.",
        )
