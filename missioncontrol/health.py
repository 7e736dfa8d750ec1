"""Is the process alive, and is the whole ready? For load balancers and supervisors, without sign-in."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import DatabaseError, transaction
from django.http import HttpRequest, JsonResponse
from django.utils import timezone

from activity.models import Reader
from activity.vitals import CONTROL, JOBS, is_alive, worker_is_alive
from core.redislink import link
from integrations import contacts

OK = "ok"
# Without these nobody should be sent here; without the others everything is served, some of it later.
NEEDED = {"database", "worker"}
NO_REDIS = "does not answer: processes look for news once a second, each machine counts limits by itself, jobs wait"


def alive(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": OK})


def ready(request: HttpRequest) -> JsonResponse:
    """200 when the database takes a write and the worker was seen within a minute, else 503 that says which; "degraded"
    when something else is away."""
    parts = checks(now=timezone.now())
    bad = {part for part, told in parts.items() if told != OK}
    status = "not ready" if bad & NEEDED else "degraded" if bad else "ready"
    answer = JsonResponse({"status": status, "checks": parts}, status=503 if bad & NEEDED else 200)
    answer._has_been_logged = True  # type: ignore[attr-defined]  # being asked too early is no error
    return answer


def checks(*, now: datetime) -> dict[str, str]:
    """Each part that there should be: `ok`, or what is wrong with it."""
    told: dict[str, str] = {}
    if redis := link():
        told["redis"] = OK if redis.answers() else NO_REDIS
    if not _database_is_writable():
        return {"database": "cannot be written", **told}
    found = {
        "database": OK,
        "worker": OK if worker_is_alive(now=now) else "not seen for 60 s: start it with `make run`",
    }
    if settings.REDIS_URL:
        # Elsewhere the worker is its own beat.
        found["jobs"] = OK if is_alive(JOBS, now=now) else "have not run for 60 s: is there a broker, and a beat?"
    if settings.CONTROL_CHANNEL:
        seen = is_alive(CONTROL, now=now)
        found["control"] = OK if seen else "enabled, but not running: start it with `make run`"
    outside = {f"integration {name}": detail for name, detail in contacts.troubles().items()}
    return {**found, **told, **outside}


def _database_is_writable() -> bool:
    try:
        with transaction.atomic():
            Reader.objects.update_or_create(name="readyz", defaults={"seen_at": timezone.now()})
            transaction.set_rollback(True)
    except DatabaseError:
        return False
    return True
