"""Answers of people: the first one counts, whichever way and process it comes by."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from activity.audit import Origin
from core.actors import Actor, Role
from core.errors import Denied
from core.secrets import redact
from governance.models import Permission
from governance.policy import Decision, Verdict

from .ending import already, expire_permission
from .finding import find_permission
from .inputs import check_update
from .requesting import judge
from .telling import resolved

STATUS = Permission.Status


def respond_permission(
    *,
    permission_id: int,
    actor: Actor,
    approved: bool,
    now: datetime,
    updated_input: dict[str, Any] | None = None,
    reason: str | None = None,
    channel: str = Permission.Channel.REST,
    origin: Origin | None = None,
) -> Permission:
    """Allow or refuse the use of the tool, with another input if one is given; a refusal needs none and ignores it.

    Raises NotFound; Denied for those who may not decide; Invalid for an updated input that cannot be carried out;
    Conflict (ALREADY_DECIDED) when it is over, with the outcome as `extra["permission"]`; and Denied
    (POLICY_VIOLATION), likewise, when the policy denies the updated input: then the request is DENIED.
    """
    if actor.kind == "agent" or not actor.can(Role.OPERATOR):
        raise Denied("Answering permission requests needs an operator")
    permission = find_permission(permission_id=permission_id, actor=actor)
    if not permission.is_pending or expire_permission(permission=permission, now=now):
        raise already(permission)
    updated = check_update(updated_input, permission.input) if approved and updated_input is not None else None
    verdict = _decide(permission, actor, approved, now, updated, reason and redact(reason)[0], channel, origin)
    if verdict is not None:
        facts, violations = permission.facts(), list(verdict.violations)
        message = f"The policy denies the updated input: {verdict.reason}"
        raise Denied(message, code="POLICY_VIOLATION", permission=facts, violations=violations)
    return permission


@transaction.atomic
def _decide(
    permission: Permission,
    actor: Actor,
    approved: bool,
    now: datetime,
    updated: dict[str, Any] | None,
    reason: str | None,
    channel: str,
    origin: Origin | None,
) -> Verdict | None:
    """Store the answer; the policy's verdict when that turned it into a refusal."""
    denied = _objection(permission, updated, actor, now)
    changes: dict[str, Any] = {
        "status": STATUS.APPROVED if approved and denied is None else STATUS.DENIED,
        "updated_input": updated,
        "decided_by": str(actor),
        "decided_at": now,
        "reason": reason if denied is None else f"The policy denies the updated input: {denied.reason}",
        "channel": channel,
    }
    claimed = Permission.objects.decidable(now).filter(pk=permission.pk).update(**changes)
    permission.refresh_from_db()
    if not claimed:
        raise already(permission)
    resolved(permission, actor, now, origin=origin)
    return denied


def _objection(permission: Permission, updated: dict[str, Any] | None, actor: Actor, now: datetime) -> Verdict | None:
    if updated is None or permission.agent is None:
        return None
    verdict = judge(
        agent=permission.agent, tool=permission.tool, input=updated, task=permission.task, actor=actor, now=now
    )
    return verdict if verdict.decision == Decision.DENY else None
