"""What runners pass on of their agents' work, and what they are told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .base import Call, Json, Own, body, query, segment

if TYPE_CHECKING:
    from missioncontrol_client import watching as w


def stream(session_key: str, events: Sequence[Json], *, agent_id: str | None = None) -> Call[w.StreamTaken]:
    """Pass on 1 to 100 items. Those with a `seq` may be sent again until they are answered."""
    sent = body(session_key=session_key, events=list(events))
    return Call("POST", f"{_agent(agent_id)}/stream", body=sent, repeatable=True)


def log(*, agent_id: str | None = None, limit: int | None = None, before: str | None = None) -> Call[w.Log]:
    return Call("GET", f"{_agent(agent_id)}/log", params=query(limit=limit, before=before))


def say(agent_id: str, text: str, *, idempotency_key: str | None = None) -> Call[w.Said]:
    """Say something to whoever runs the agent."""
    sent = body(text=text)
    return Call("POST", f"{_agent(agent_id)}/messages", body=sent, idempotency_key=idempotency_key, admin=True)


def inbox(*, after: int | None = None, wait: int | None = None, agent_id: str | None = None) -> Call[w.Inbox]:
    """What came since; without `after`, the messages that nobody has taken yet, at once."""
    return Call("GET", f"{_agent(agent_id)}/inbox", params=query(after=after, wait=wait))


def request_permission(
    tool: str,
    input: Json,
    *,
    task_id: str | None = None,
    run_id: str | None = None,
    tool_use_id: str | None = None,
    timeout_seconds: int | None = None,
    agent_id: str | None = None,
    idempotency_key: str | None = None,
) -> Call[w.Permission]:
    sent = body(
        agent_id=agent_id or Own.AGENT,
        tool=tool,
        input=input,
        task_id=task_id,
        run_id=run_id,
        tool_use_id=tool_use_id,
        timeout_seconds=timeout_seconds,
    )
    return Call("POST", "/permissions", body=sent, idempotency_key=idempotency_key)


def read_permission(request_id: str, *, wait: int | None = None) -> Call[w.Permission]:
    """One request; with `wait`, as soon as it is decided."""
    return Call("GET", f"/permissions/{segment(request_id)}", params=query(wait=wait))


def withdraw_permission(request_id: str) -> Call[w.Permission]:
    return Call("DELETE", f"/permissions/{segment(request_id)}")


def _agent(agent_id: str | None) -> str:
    return "/agents/{me}" if agent_id is None else f"/agents/{segment(agent_id)}"
