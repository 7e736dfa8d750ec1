"""Strict workspaces keep away from what belongs to no workspace."""

from __future__ import annotations

from datetime import datetime

from activity.audit import Origin, record_audit
from core.actors import Actor
from core.errors import Denied

from .models import Workspace

UNAVAILABLE = "This resource is unavailable in strict workspaces because it has no workspace ownership metadata"


def is_strict(workspace_id: int) -> bool:
    return Workspace.objects.filter(id=workspace_id, isolation=Workspace.Isolation.STRICT).exists()


def check_isolation(actor: Actor, *, route: str, origin: Origin, now: datetime) -> None:
    """Raises Denied for callers of a strict workspace, and notes it in the audit log."""
    if is_strict(actor.workspace_id):
        record_audit("workspace_isolation_denied", actor=actor, at=now, detail={"route": route}, origin=origin)
        raise Denied(UNAVAILABLE)
