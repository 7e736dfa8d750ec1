"""Whether those are alive whom the others need."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from django.db import connection

from activity.models import Event, Reader
from activity.vitals import CONTROL, is_alive, worker_is_alive

from .finding import Finding, Verdict, judged

LAG_AT_MOST = 1000
TOKEN_LENGTH = 16


def examine(now: datetime) -> Iterator[Finding]:
    alive = worker_is_alive(now=now)
    yield judged(
        "Worker",
        "seen within a minute" if alive else "not seen for a minute: nothing is delivered, expired or swept",
        unless=not alive,
        fix="Start it with `make run`, or `celery --app missioncontrol.celery worker`.",
    )
    yield _broker()
    yield from _control_channel(now)
    yield from _readers()


def _control_channel(now: datetime) -> Iterator[Finding]:
    if not settings.CONTROL_CHANNEL:
        return
    where = f"{settings.CONTROL_HOST}:{settings.CONTROL_PORT}"
    alive = is_alive(CONTROL, now=now)
    yield judged(
        "Control channel",
        f"listens on {where}" if alive else "enabled, but not running",
        unless=not alive,
        verdict=Verdict.DOUBTFUL,
        fix="Start it with `make run`, or `manage.py controlchannel`; or unset MC_CONTROL_CHANNEL.",
    )
    length = len(settings.CONTROL_TOKEN)
    yield judged(
        "Control token",
        "none: every program on this machine may ask" if not length else f"{length} characters",
        unless=length < TOKEN_LENGTH,
        verdict=Verdict.DOUBTFUL,
        fix=f"Set MC_CONTROL_TOKEN to a random text of at least {TOKEN_LENGTH} characters.",
    )


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
