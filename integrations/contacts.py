"""Speaking with systems outside: a breaker for each, and a row that says how it goes.

After some failures in a row a system is left alone for a while, longer each time, and one attempt then shows whether
it is back. Only changes of its state are logged, once each.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

import structlog
from django.utils import timezone

from core.errors import Unavailable
from core.secrets import redact

from .models import Contact

T = TypeVar("T")
# Failures in a row before a system is left alone, and for how many seconds then: twice as long each time.
PATIENCE = 3
FIRST_PAUSE, LONGEST_PAUSE = 15, 900
# Good news that changes nothing is written down this often at most.
NOTED_EVERY = timedelta(seconds=60)
LONGEST_DETAIL = 500
log = structlog.get_logger(__name__)


class Away(Unavailable):
    """The system outside did not do what it was asked; the message says why, without secrets."""


def reach(name: str, call: Callable[[], T], *, now: datetime | None = None) -> T:
    """What `call` returns. It raises Away for the system's fault, which is counted; anything else passes through.

    Raises Away without asking while the system is left alone. To be called outside of transactions.
    """
    moment = now or timezone.now()
    contact = Contact.objects.filter(pk=name).first()
    if contact is not None and contact.is_closed(moment):
        raise Away(f"{name} is left alone until {contact.retry_at:%H:%M:%S} UTC: {contact.detail}")
    try:
        answer = call()
    except Away as error:
        _note_failure(name, contact, error.message, moment)
        raise
    _note_success(name, contact, moment)
    return answer


def _note_success(name: str, contact: Contact | None, now: datetime) -> None:
    if contact is not None and contact.state == Contact.State.OK and contact.checked_at > now - NOTED_EVERY:
        return
    if contact is not None and contact.state != Contact.State.OK:
        log.info("integration_is_back", name=name)
    fine = {"state": Contact.State.OK, "detail": "", "failures": 0, "retry_at": None, "checked_at": now}
    changed = contact is None or contact.state != Contact.State.OK
    Contact.objects.update_or_create(
        pk=name, defaults=fine | ({"since": now} if changed else {}), create_defaults=fine | {"since": now}
    )


def _note_failure(name: str, contact: Contact | None, message: str, now: datetime) -> None:
    failures = (contact.failures if contact else 0) + 1
    detail = redact(message)[0][:LONGEST_DETAIL]
    pause = min(FIRST_PAUSE * 2 ** min(failures - PATIENCE, 16), LONGEST_PAUSE) if failures >= PATIENCE else 0
    state = Contact.State.PAUSED if pause else Contact.State.FAILING
    if contact is None or contact.state != state:
        log.warning("integration_fails", name=name, state=state.value, error=detail)
    values = {
        "state": state,
        "detail": detail,
        "failures": failures,
        "checked_at": now,
        "retry_at": now + timedelta(seconds=pause) if pause else None,
    }
    is_new = contact is None or contact.state == Contact.State.OK
    Contact.objects.update_or_create(
        pk=name, defaults=values | ({"since": now} if is_new else {}), create_defaults=values | {"since": now}
    )


def forget(name: str) -> None:
    """The next attempt is made at once: somebody has changed the settings, or asks."""
    Contact.objects.filter(pk=name).delete()


def troubles() -> dict[str, str]:
    """What is away at the moment, and why."""
    rows = Contact.objects.exclude(state=Contact.State.OK).order_by("name")
    return {row.name: row.detail for row in rows}
