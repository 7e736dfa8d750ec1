"""The audit log: who changed what about the system itself. Rows of the event log that administrators read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.actors import Actor
from core.ids import ref

from .catalogue import AUDIT_ACTIONS, Kind
from .models import Event
from .services import fact, record

# What security watchers are told at once, by a frame of their own.
ANNOUNCED = {"login_failed", "password_change", "user_create", "user_delete"}


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from. Known at the edge only; None when there was no request."""

    ip: str | None = None
    user_agent: str | None = None


def record_audit(
    action: str,
    *,
    actor: Actor,
    at: datetime,
    target: tuple[str, int] | None = None,
    detail: Any = None,
    origin: Origin | None = None,
    by_name: bool = False,
) -> None:
    """Append one audit row, in the caller's transaction. `detail` is an object, a sentence or None; never a secret.

    `by_name` leaves the actor's id out, as existing readers know the rows of some actions.
    """
    if action not in AUDIT_ACTIONS:
        raise ValueError(f"{action} is not in the catalogue")
    origin = origin or Origin()
    subject = ref(*target) if target else ref(actor.kind, actor.id)
    data = {
        "actor_id": None if by_name else _id_of(actor),
        "target_type": target[0] if target else None,
        "target_id": target[1] if target else None,
        "detail": detail,
        "ip_address": origin.ip,
        "user_agent": origin.user_agent,
    }
    row = Event(
        kind=Kind.AUDIT,
        type=action,
        actor=actor.username[:200],
        subject=subject,
        workspace_id=actor.workspace_id,
        data=data,
    )
    rows = [row]
    if action in ANNOUNCED:
        told = {
            "action": action,
            "actor": actor.username,
            "target_type": data["target_type"],
            "target_id": data["target_id"],
            "timestamp": int(at.timestamp()),
        }
        rows.append(fact(Kind.AUDIT_SECURITY, actor=actor, subject=subject, data=told))
    record(*rows, at=at)


def _id_of(actor: Actor) -> int | None:
    """A key's is below zero, so that no key is taken for a person; the global key is 0."""
    if actor.kind == "user":
        return actor.id
    return None if actor.kind == "system" else -actor.key_id


def record_security_event(
    event_type: str,
    *,
    actor: Actor,
    at: datetime,
    severity: str,
    detail: dict[str, Any],
    source: str = "",
    ip: str | None = None,
) -> None:
    """Append one entry of the security log: `auth_failure`, `rate_limit_hit`, `injection_attempt`, `secret_exposure`,
    `proxy_auth_misconfigured`; severity is info, warning or critical."""
    data = {
        "event_type": event_type,
        "severity": severity,
        "source": source or None,
        "agent_name": actor.agent_name,
        "detail": detail,
        "ip_address": ip,
        "tenant_id": actor.tenant_id,
        "timestamp": int(at.timestamp()),
    }
    record(fact(Kind.SECURITY, actor=actor, subject=ref(actor.kind, actor.id), data=data), at=at)
