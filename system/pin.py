"""The PIN of the WebSocket: from an administrator, or else from the environment.

Only its SHA-256 is kept. That value is what clients present, so it is as secret as the PIN.
"""

from __future__ import annotations

import hmac

from django.conf import settings

from core import pins
from core.errors import Invalid

from . import lookup

SETTING = "realtime.ws_pin"


def token() -> str:
    """What clients must present; empty while there is no PIN."""
    return lookup.value(SETTING) if lookup.is_set(SETTING) else settings.WS_TOKEN


def matches(presented: str) -> bool:
    """Takes as long for what is wrong as for what is right."""
    known = token()
    return hmac.compare_digest(presented.lower().encode(), known.encode()) and bool(known)


def checked_token(pin: str) -> str:
    """What to keep of a new PIN; of the empty text nothing. Raises Invalid."""
    if pin and not pins.is_allowed(pin):
        raise Invalid(details=[f"settings.{SETTING}: {pins.RULE}"])
    return pins.token_of(pin)
