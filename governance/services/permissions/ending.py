"""How requests end without a decision: withdrawn, canceled with their agent, or out of time."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from agents.models import Agent
from core.actors import Actor, Role, system
from core.errors import Conflict, Denied
from core.secrets import redact
from governance.models import Permission

from .finding import find_permission
from .telling import resolved

STATUS, CHANNEL = Permission.Status, Permission.Channel


@transaction.atomic
def withdraw_permission(
    *, permission_id: int, actor: Actor, now: datetime, reason: str | None = None, channel: str = CHANNEL.REST
) -> Permission:
    """The runner does not want to know any more; said again, it changes nothing. Agents withdraw what is their own.

    Raises NotFound, Denied, and Conflict (ALREADY_DECIDED) with the outcome when it was decided.
    """
    permission = find_permission(permission_id=permission_id, actor=actor)
    if not actor.can(Role.OPERATOR):
        raise Denied("Withdrawing needs an operator")
    if _end(permission, STATUS.CANCELED, actor, now, reason and redact(reason)[0], channel):
        return permission
    if permission.status != STATUS.CANCELED:
        raise already(permission)
    return permission


def already(permission: Permission) -> Conflict:
    """Too late: its outcome stands."""
    message = f"The permission request is {permission.status} already"
    return Conflict(message, code="ALREADY_DECIDED", permission=permission.facts())


@transaction.atomic
def cancel_permissions(*, actor: Actor, now: datetime, reason: str, agent: Agent | None = None) -> int:
    """All that wait in the actor's workspace, or those of this agent: nobody is left to be told."""
    rows = Permission.objects.in_workspace(actor.workspace_id).pending()
    if agent is not None:
        rows = rows.filter(agent=agent)
    return sum(_end(row, STATUS.CANCELED, actor, now, reason, CHANNEL.SYSTEM) for row in rows.order_by("id"))


def agent_leaves(agent: Agent, actor: Actor, now: datetime) -> None:
    by = system(agent.workspace_id)
    cancel_permissions(agent=agent, actor=by, now=now, reason="The agent was removed")


@transaction.atomic
def expire_permission(*, permission: Permission, now: datetime) -> bool:
    """Nobody decided in time. False when somebody did after all, or another process said so before."""
    if not permission.is_late(now):
        return False
    return _end(permission, STATUS.EXPIRED, system(permission.workspace_id), now, None, CHANNEL.SYSTEM)


def expire_permissions(*, now: datetime, workspace_id: int | None = None, at_most: int = 500) -> int:
    """All that nobody decided in time; each in a transaction of its own."""
    rows = Permission.objects.undecided_at(now)
    if workspace_id is not None:
        rows = rows.in_workspace(workspace_id)
    return sum(expire_permission(permission=row, now=now) for row in list(rows.order_by("expires_at")[:at_most]))


def _end(permission: Permission, to: str, actor: Actor, now: datetime, reason: str | None, channel: str) -> bool:
    claimed = Permission.objects.pending().filter(pk=permission.pk)
    if to == STATUS.EXPIRED:
        claimed = claimed.filter(expires_at__lte=now)
    done = claimed.update(status=to, decided_at=now, decided_by=str(actor), reason=reason, channel=channel)
    permission.refresh_from_db()
    if done:
        resolved(permission, actor, now)
    return bool(done)
