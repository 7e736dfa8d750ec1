"""From credentials to an admitted actor, in the contract's order and with its words."""

from __future__ import annotations

from accounts.credentials import Presented, passes_the_gate, resolve
from core.actors import Actor, Role
from core.errors import Denied, Unauthenticated


def admit(presented: Presented, least: Role) -> Actor:
    """The caller, if it may come in with at least this role. Asks the database when it has to."""
    stop_strangers(presented)
    return check_role(resolve(presented), least)


def stop_strangers(presented: Presented) -> None:
    """The gate itself: whoever carries nothing worth resolving goes no further."""
    if not passes_the_gate(presented):
        raise Unauthenticated("Unauthorized")


def check_role(actor: Actor | None, least: Role) -> Actor:
    if actor is None:
        raise Unauthenticated("Authentication required")
    if not actor.can(least):
        raise Denied(f"Requires {least.word} role or higher")
    return actor
