"""Agents and their tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypedDict, Unpack

from .base import Call, Json, Many, Own, body, changes, query, segment

if TYPE_CHECKING:
    from missioncontrol_client import answers as a
    from missioncontrol_client import enums as e


class AgentChanges(TypedDict, total=False):
    """What `update_agent` may change; what is absent stays, and None clears."""

    name: str
    emoji: str | None
    role: e.AgentRole
    allowed_task_types: Sequence[e.TaskType]
    allowed_tools: Sequence[str]
    budget_daily: float
    budget_per_run: float
    can_spawn: bool
    max_sub_agents: int
    workspace_path: str
    metadata: Json


def list_agents(*, status: Many | None = None, role: Many | None = None) -> Call[a.AgentList]:
    return Call("GET", "/agents", params=query(status=status, role=role))


def get_agent(agent_id: str | None = None) -> Call[a.AgentDetail]:
    """An agent with its figures; without an id, the client's own."""
    return Call("GET", _path(agent_id))


def register_agent(
    id: str,
    name: str,
    *,
    workspace_path: str,
    role: e.AgentRole = "SPECIALIST",
    emoji: str | None = None,
    allowed_task_types: Sequence[e.TaskType] | None = None,
    budget_daily: float | None = None,
    budget_per_run: float | None = None,
    can_spawn: bool | None = None,
    max_sub_agents: int | None = None,
    parent_agent_id: str | None = None,
    parent_task_id: str | None = None,
    purpose: str | None = None,
    idempotency_key: str | None = None,
) -> Call[a.AgentAnswer]:
    sent = body(
        id=id,
        name=name,
        role=role,
        workspace_path=workspace_path,
        emoji=emoji,
        allowed_task_types=allowed_task_types,
        budget_daily=budget_daily,
        budget_per_run=budget_per_run,
        can_spawn=can_spawn,
        max_sub_agents=max_sub_agents,
        parent_agent_id=parent_agent_id,
        parent_task_id=parent_task_id,
        purpose=purpose,
    )
    # An agent that names itself the parent spawns with its own token: the administrator's would hide who it is.
    return Call("POST", "/agents", body=sent, idempotency_key=idempotency_key, admin=parent_task_id is None)


def update_agent(
    agent_id: str, *, idempotency_key: str | None = None, **fields: Unpack[AgentChanges]
) -> Call[a.AgentAnswer]:
    return Call("PATCH", _path(agent_id), body=changes(fields), idempotency_key=idempotency_key, admin=True)


def control_agent(
    agent_id: str,
    action: e.ControlAction,
    *,
    reason: str | None = None,
    duration: str | None = None,
    idempotency_key: str | None = None,
) -> Call[a.AgentControlled]:
    sent = body(action=action, reason=reason, duration=duration)
    return Call("POST", f"{_path(agent_id)}/control", body=sent, idempotency_key=idempotency_key, admin=True)


def heartbeat(
    status: e.HeartbeatStatus = "HEALTHY",
    *,
    current_task_id: str | None = None,
    session_key: str | None = None,
    metadata: Json | None = None,
    agent_id: str | None = None,
    idempotency_key: str | None = None,
) -> Call[a.Heartbeat]:
    """Say that the agent lives; the answer holds its work."""
    sent = body(
        session_key=session_key or Own.SESSION, status=status, current_task_id=current_task_id, metadata=metadata
    )
    return Call("POST", f"{_path(agent_id)}/heartbeat", body=sent, idempotency_key=idempotency_key)


def issue_token(
    *,
    agent_id: str | None = None,
    user_id: str | None = None,
    expires_in: str | None = None,
    idempotency_key: str | None = None,
) -> Call[a.TokenIssued]:
    """A new token, shown this once."""
    sent = body(agent_id=agent_id, user_id=user_id, expires_in=expires_in)
    return Call("POST", "/auth/token", body=sent, idempotency_key=idempotency_key, admin=True)


def renew_token(*, expires_in: str | None = None, idempotency_key: str | None = None) -> Call[a.TokenIssued]:
    """A new token for the client's own agent, by its old one."""
    sent = body(agent_id=Own.AGENT, expires_in=expires_in)
    return Call("POST", "/auth/token", body=sent, idempotency_key=idempotency_key)


def revoke_token() -> Call[None]:
    """End the token that makes this call."""
    return Call("DELETE", "/auth/token")


def _path(agent_id: str | None) -> str:
    return "/agents/{me}" if agent_id is None else f"/agents/{segment(agent_id)}"
