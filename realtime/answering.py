"""Permission requests on a WebSocket: what waits for an answer, and the answers. Every function asks the database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from django.utils import timezone

from accounts.models import DEFAULT_WORKSPACE, Workspace
from core.actors import Actor, Role
from core.clock import milliseconds
from core.errors import Conflict, Denied, DomainError, Invalid, NotFound
from governance.models import Permission
from governance.services.permissions import respond_permission

from .messages import Answer, Refused
from .wire import v1, ws

PENDING_AT_MOST = 200
OUTCOME = ("status", "approved", "updatedInput", "decidedBy", "decidedAt", "reason")


def visible_to(actor: Actor) -> int | None:
    """The workspace whose events it may see. None for those who look after the installation: they see every one."""
    return None if actor.can(Role.ADMIN) and actor.workspace_id == DEFAULT_WORKSPACE else actor.workspace_id


def can_see(visible: int | None, workspace_id: int) -> bool:
    return workspace_id == visible if visible else Workspace.objects.filter(pk=workspace_id).exists()


def pending(actor: Actor) -> bytes:
    """What somebody could decide now, as frames; soonest to expire first."""
    now, visible = timezone.now(), visible_to(actor)
    rows = Permission.objects.decidable(now)
    if visible is not None:
        rows = rows.in_workspace(visible)
    return b"".join(_asked(rows.order_by("expires_at", "id")[:PENDING_AT_MOST].iterator()))


def _asked(rows: Iterator[Permission]) -> Iterator[bytes]:
    for row in rows:
        common = {"workspaceId": v1.workspace(row.workspace_id), "ts": milliseconds(row.created_at)}
        yield ws.framed({"type": "permission_request", **ws.asked(row.facts()), **common})


def answer(message: Answer, actor: Actor) -> None:
    """Decide. Everybody hears of it, the sender as well. Raises Refused."""
    if not actor.can(Role.OPERATOR):
        raise Refused("forbidden", "Answering permission requests needs an operator", requestId=message.request_id)
    row = Permission.objects.filter(pk=message.permission_id).first() if message.permission_id else None
    if row is None or visible_to(actor) not in (None, row.workspace_id):
        raise Refused("unknown_request", "There is no such permission request", requestId=message.request_id)
    try:
        respond_permission(
            permission_id=row.pk,
            actor=replace(actor, workspace_id=row.workspace_id),
            approved=message.approved,
            updated_input=message.updated_input,
            channel=Permission.Channel.WEBSOCKET,
            now=timezone.now(),
        )
    except DomainError as error:
        raise _refused(error, message.request_id) from None


def _refused(error: DomainError, request_id: str) -> Refused:
    more: dict[str, Any] = {"requestId": request_id}
    if permission := error.extra.get("permission"):
        whole = v1.permission(permission)
        more["outcome"] = {name: whole[name] for name in OUTCOME}
    if isinstance(error, Conflict):
        return Refused("already_resolved", error.message, **more)
    if isinstance(error, NotFound):
        return Refused("unknown_request", error.message, **more)
    if isinstance(error, Denied) and error.code == "POLICY_VIOLATION":
        return Refused("policy_violation", error.message, **more, violations=error.extra.get("violations"))
    if isinstance(error, Invalid):
        return Refused("invalid_message", "; ".join(error.details or [error.message]), **more)
    return Refused("forbidden", error.message, **more)
