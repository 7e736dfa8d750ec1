"""What agents report about their runs and tool calls, and the timeline of it all."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict, Unpack

from .base import Call, Json, Many, Moment, Own, body, changes, now, query, segment

if TYPE_CHECKING:
    from missioncontrol_client import answers as a
    from missioncontrol_client import enums as e
    from missioncontrol_client import objects as o


class RunChanges(TypedDict, total=False):
    """What `update_run` may tell."""

    ended_at: Moment
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    cost_usd: float
    status: e.RunStatus
    error: str | None


class ToolCallChanges(TypedDict, total=False):
    """What `update_tool_call` may tell."""

    ended_at: Moment
    status: e.ToolCallStatus
    output_preview: str
    output_hash: str
    error: str | None
    retry_count: int


def report_run(
    model: str,
    *,
    status: e.RunStatus = "RUNNING",
    started_at: Moment | None = None,
    task_id: str | None = None,
    session_key: str | None = None,
    ended_at: Moment | None = None,
    input_tokens: int | None = None,
    output_tokens: int | None = None,
    cache_read_tokens: int | None = None,
    cache_write_tokens: int | None = None,
    cost_usd: float | None = None,
    error: str | None = None,
    metadata: Json | None = None,
    agent_id: str | None = None,
    idempotency_key: str | None = None,
) -> Call[a.RunAnswer]:
    """Report a run that begins now, or one that is over already."""
    sent = body(
        agent_id=agent_id or Own.AGENT,
        session_key=session_key or Own.SESSION,
        model=model,
        started_at=started_at or now(),
        status=status,
        task_id=task_id,
        ended_at=ended_at,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cache_read_tokens=cache_read_tokens,
        cache_write_tokens=cache_write_tokens,
        cost_usd=cost_usd,
        error=error,
        metadata=metadata,
    )
    return Call("POST", "/events/run", body=sent, idempotency_key=idempotency_key)


def update_run(run_id: str, *, idempotency_key: str | None = None, **fields: Unpack[RunChanges]) -> Call[a.RunAnswer]:
    return Call("PATCH", f"/events/run/{segment(run_id)}", body=changes(fields), idempotency_key=idempotency_key)


def report_tool_call(
    run_id: str,
    tool_name: str,
    risk_level: e.RiskLevel,
    *,
    status: e.ToolCallStatus = "RUNNING",
    started_at: Moment | None = None,
    task_id: str | None = None,
    input_preview: str | None = None,
    input_hash: str | None = None,
    policy_result: o.PolicyResult | None = None,
    agent_id: str | None = None,
    idempotency_key: str | None = None,
) -> Call[a.ToolCallAnswer]:
    sent = body(
        run_id=run_id,
        agent_id=agent_id or Own.AGENT,
        tool_name=tool_name,
        risk_level=risk_level,
        started_at=started_at or now(),
        status=status,
        task_id=task_id,
        input_preview=input_preview,
        input_hash=input_hash,
        policy_result=policy_result,
    )
    return Call("POST", "/events/tool-call", body=sent, idempotency_key=idempotency_key)


def update_tool_call(
    tool_call_id: str, *, idempotency_key: str | None = None, **fields: Unpack[ToolCallChanges]
) -> Call[a.ToolCallAnswer]:
    path = f"/events/tool-call/{segment(tool_call_id)}"
    return Call("PATCH", path, body=changes(fields), idempotency_key=idempotency_key)


def timeline(
    *,
    task_id: str | None = None,
    agent_id: str | None = None,
    action: Many | None = None,
    limit: int | None = None,
    before: str | None = None,
) -> Call[a.Timeline]:
    params = query(task_id=task_id, agent_id=agent_id, action=action, limit=limit, before=before)
    return Call("GET", "/events/timeline", params=params)
