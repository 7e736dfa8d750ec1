"""Who sees which permission requests."""

from __future__ import annotations

from datetime import datetime

from core.actors import Actor
from core.errors import NotFound
from governance.models import Permission, PermissionQuerySet


def find_permission(*, permission_id: int, actor: Actor) -> Permission:
    """Of the actor's workspace; agents see their own. Raises NotFound."""
    row = visible_permissions(actor).filter(pk=permission_id).first()
    if row is None:
        raise NotFound(f"There is no permission request {permission_id}")
    return row


def visible_permissions(actor: Actor) -> PermissionQuerySet:
    rows = Permission.objects.in_workspace(actor.workspace_id)
    return rows.filter(agent_id=actor.agent_id or 0) if actor.kind == "agent" else rows


def pending_permissions(workspace_id: int, *, now: datetime) -> PermissionQuerySet:
    """What somebody could decide now, soonest to expire first."""
    return Permission.objects.in_workspace(workspace_id).decidable(now).order_by("expires_at", "id")
