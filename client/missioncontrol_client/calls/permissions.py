"""Permission requests as those see them who answer; asking for them is in `work`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .base import Call, Json, Many, body, query, segment

if TYPE_CHECKING:
    from missioncontrol_client import watching as w


def list_permissions(
    *,
    status: Many | None = None,
    agent_id: str | None = None,
    limit: int | None = None,
    offset: int | None = None,
) -> Call[w.PermissionList]:
    """The newest first. Agents see their own."""
    params = query(status=status, agent_id=agent_id, limit=limit, offset=offset)
    return Call("GET", "/permissions", params=params)


def respond_permission(
    request_id: str,
    approved: bool,
    *,
    updated_input: Json | None = None,
    reason: str | None = None,
    idempotency_key: str | None = None,
) -> Call[w.Permission]:
    """Allow or refuse it; the first answer counts. `updated_input` is used instead of the input that was asked for."""
    sent = body(approved=approved, updated_input=updated_input, reason=reason)
    path = f"/permissions/{segment(request_id)}/respond"
    return Call("POST", path, body=sent, idempotency_key=idempotency_key)
