"""PINs: how long they are, and what is kept of them."""

from __future__ import annotations

from hashlib import sha256

SHORTEST, LONGEST = 4, 64
# Shorter ones can be guessed by whoever reaches the port.
WEAK_BELOW = 8
RULE = f"must have {SHORTEST} to {LONGEST} characters"


def is_allowed(pin: str) -> bool:
    return SHORTEST <= len(pin) <= LONGEST


def token_of(pin: str) -> str:
    """What clients present, and all that is kept; empty of an empty PIN."""
    return sha256(pin.encode()).hexdigest() if pin else ""
