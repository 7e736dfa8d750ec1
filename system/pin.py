"""The PIN of the WebSocket: from an administrator, or else from the environment.

Only its SHA-256 is kept. That value is what clients present, so it is as secret as the PIN.
"""

from __future__ import annotations

import hmac
from datetime import datetime

from django.conf import settings
from django.db import transaction

from accounts.access.limits import WS_TOKEN, limiter
from accounts.models import DEFAULT_WORKSPACE
from activity.audit import record_security_event
from core import pins
from core.actors import system
from core.errors import Invalid, RateLimited

from . import lookup

SETTING = "realtime.ws_pin"


def token() -> str:
    """What clients must present; empty while there is no PIN."""
    return lookup.value(SETTING) if lookup.is_set(SETTING) else settings.WS_TOKEN


def matches(presented: str) -> bool:
    """Takes as long for what is wrong as for what is right."""
    known = token()
    return hmac.compare_digest(presented.lower().encode(), known.encode()) and bool(known)


def check(presented: str, *, ip: str, now: datetime) -> bool:
    """As `matches`, for somebody who comes in: failures count. Raises RateLimited after too many."""
    if limiter().is_used_up(WS_TOKEN, ip):
        raise RateLimited(WS_TOKEN.message, headers=limiter().check(WS_TOKEN, ip))
    if matches(presented):
        return True
    limiter().check(WS_TOKEN, ip)
    _note_failure(ip, now)
    return False


@transaction.atomic
def _note_failure(ip: str, now: datetime) -> None:
    record_security_event(
        "auth_failure",
        actor=system(DEFAULT_WORKSPACE, "websocket"),
        at=now,
        severity="warning",
        source="websocket",
        detail={"reason": "invalid_pin"},
        ip=ip,
    )


def checked_token(pin: str) -> str:
    """What to keep of a new PIN; of the empty text nothing. Raises Invalid."""
    if pin and not pins.is_allowed(pin):
        raise Invalid(details=[f"settings.{SETTING}: {pins.RULE}"])
    return pins.token_of(pin)
