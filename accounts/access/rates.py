"""Counting a request against a limit, and the word to the security log when it is refused."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts.models import DEFAULT_WORKSPACE
from activity.audit import record_security_event
from core.actors import Actor, system
from core.errors import RateLimited
from core.ratelimit import Limit

from .limits import REFUSALS_TOLD, limiter


def check_rate(limit: Limit, key: str, *, actor: Actor | None, ip: str, now: datetime) -> None:
    """Raises RateLimited when the key has used up its window. A flood of refused requests is told once a minute."""
    refused = limiter().check(limit, key)
    if refused is None:
        return
    if limiter().check(REFUSALS_TOLD, f"{limit.name}:{key}") is None:
        _tell(limit, key, actor or system(DEFAULT_WORKSPACE), ip, now)
    raise RateLimited(limit.message, headers=refused)


@transaction.atomic
def _tell(limit: Limit, key: str, actor: Actor, ip: str, now: datetime) -> None:
    detail = {"limiter": limit.name, "key": key[:200], "allowed": limit.allowed, "seconds": limit.seconds}
    record_security_event(
        "rate_limit_hit", actor=actor, at=now, severity="warning", source=limit.name, detail=detail, ip=ip
    )


def identity_key(actor: Actor, domain: str) -> str:
    """The key of the limits that are each administrator's own, whatever address they use."""
    return f"{actor.tenant_id}:{actor.workspace_id}:{actor.id}:{domain}"
