"""Who opens a WebSocket, and whether they may. Every function here may ask the database."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import Any, NamedTuple
from urllib.parse import parse_qs

from django.conf import settings
from django.utils import timezone

from accounts import credentials
from accounts.credentials import Presented
from accounts.models import DEFAULT_WORKSPACE
from accounts.scopes import ip_by, presented_by
from core.actors import Actor, Role
from core.errors import RateLimited
from system import pin

# Operators of the default workspace, and never more.
HOLDER_OF_PIN = Actor("key", 0, "pin", "WebSocket PIN", Role.OPERATOR, DEFAULT_WORKSPACE)
NOBODY_IN_PARTICULAR = Actor("key", 0, "local", "Local WebSocket", Role.OPERATOR, DEFAULT_WORKSPACE)
# By one of these a proxy on this machine shows that the client is not.
FORWARDED = (b"forwarded", b"via", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"x-real-ip")


# The page that asks, if one does: from a host that the settings name, from the one it asks, or from elsewhere.
NO_PAGE, KNOWN, SAME, STRANGE = "", "known", "same", "strange"


class Refusal(NamedTuple):
    code: int
    reason: str


UNAUTHORIZED = Refusal(4001, "Unauthorized")
FOREIGN = Refusal(4003, "Origin refused")


@dataclass(frozen=True, slots=True)
class Credential:
    """What a socket was opened with; whoever holds nothing is local. Asked again when somebody's access changes."""

    token: str = ""
    presented: Presented = Presented()

    def actor(self) -> Actor | None:
        if self.token:
            return HOLDER_OF_PIN if pin.matches(self.token) else None
        if self.presented:
            actor = credentials.resolve(self.presented)
            return actor if actor and actor.kind != "agent" else None
        return None if pin.token() else NOBODY_IN_PARTICULAR


def admit(scope: dict[str, Any]) -> tuple[Credential, Actor] | Refusal:
    """By the token of the PIN, a key, a session, or from this very machine when there is no PIN."""
    given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
    # No agent speaks here, whatever a header says.
    presented = replace(presented_by(scope), agent_name="")
    if given and pin.token():
        return _by_token(given, ip_by(scope))
    if presented.key:
        return _known(Credential(presented=Presented(key=presented.key)))
    if presented:
        # Browsers present these by themselves, whichever page asks.
        return _known(Credential(presented=presented)) if scope["origin"] in (KNOWN, SAME) else FOREIGN
    found = _known(Credential()) if _is_local(scope) else UNAUTHORIZED
    # A page from elsewhere may have found this machine under a name of its own.
    return FOREIGN if not isinstance(found, Refusal) and scope["origin"] in (SAME, STRANGE) else found


def _known(credential: Credential) -> tuple[Credential, Actor] | Refusal:
    actor = credential.actor()
    return (credential, actor) if actor else UNAUTHORIZED


def _by_token(given: str, ip: str) -> tuple[Credential, Actor] | Refusal:
    with suppress(RateLimited):
        if pin.check(given, ip=ip, now=timezone.now()):
            return Credential(token=given), HOLDER_OF_PIN
    return UNAUTHORIZED


def _is_local(scope: dict[str, Any]) -> bool:
    if settings.WS_ALLOW_ANONYMOUS:
        return True
    if any(name in FORWARDED for name, _ in scope["headers"]):
        return False
    try:
        return ip_address((scope.get("client") or ("",))[0]).is_loopback
    except ValueError:
        return False
