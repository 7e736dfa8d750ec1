"""What the security log is told about texts that were sent: attempts at injection, and secrets."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from core.actors import Actor
from core.errors import Injected
from core.secrets import kinds_in

from .audit import record_security_event


@transaction.atomic
def tell_of_injection(error: Injected, *, actor: Actor, route: str, ip: str, now: datetime) -> None:
    rules = [finding["rule"] for finding in error.extra.get("injection", [])]
    _tell("injection_attempt", {"rules": rules}, actor, route, ip, now)


@transaction.atomic
def tell_of_secrets(text: str, *, actor: Actor, route: str, ip: str, now: datetime) -> None:
    """Which kinds of secrets the text holds, if any; never the secrets."""
    if kinds := kinds_in(text):
        _tell("secret_exposure", {"kinds": kinds}, actor, route, ip, now)


def _tell(event_type: str, detail: dict[str, Any], actor: Actor, route: str, ip: str, now: datetime) -> None:
    record_security_event(event_type, actor=actor, at=now, severity="critical", detail=detail, source=route, ip=ip)
