"""Is the process alive, and is the whole ready? For load balancers and supervisors, without sign-in."""

from __future__ import annotations

from django.conf import settings
from django.db import DatabaseError, transaction
from django.http import HttpRequest, JsonResponse
from django.utils import timezone

from activity.models import Reader
from activity.vitals import CONTROL, is_alive, worker_is_alive
from integrations import contacts


def alive(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


def ready(request: HttpRequest) -> JsonResponse:
    """200 when the database takes a write and the worker was seen within a minute, else 503 that says which."""
    checks = {"database": "ok" if _database_is_writable() else "cannot be written"}
    if checks["database"] == "ok":
        seen = worker_is_alive(now=timezone.now())
        checks["worker"] = "ok" if seen else "not seen for 60 s: start it with `make run`"
    ok = set(checks.values()) == {"ok"}
    if settings.CONTROL_CHANNEL and checks["database"] == "ok":
        # Told, but no reason to send nobody here: what is served does not need it.
        seen = is_alive(CONTROL, now=timezone.now())
        checks["control"] = "ok" if seen else "enabled, but not running: start it with `make run`"
    if checks["database"] == "ok":
        # Neither is what lies outside.
        checks |= {f"integration {name}": detail for name, detail in contacts.troubles().items()}
    answer = JsonResponse({"status": "ready" if ok else "not ready", "checks": checks}, status=200 if ok else 503)
    answer._has_been_logged = True  # type: ignore[attr-defined]  # being asked too early is no error
    return answer


def _database_is_writable() -> bool:
    try:
        with transaction.atomic():
            Reader.objects.update_or_create(name="readyz", defaults={"seen_at": timezone.now()})
            transaction.set_rollback(True)
    except DatabaseError:
        return False
    return True
