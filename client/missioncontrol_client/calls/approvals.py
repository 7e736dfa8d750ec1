"""Approvals, and what policy says before anybody is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .base import Call, Json, Many, Own, body, query, segment

if TYPE_CHECKING:
    from missioncontrol_client import answers as a
    from missioncontrol_client import enums as e
    from missioncontrol_client import objects as o


def list_approvals(
    *,
    status: Many | None = None,
    requestor_id: str | None = None,
    task_id: str | None = None,
    action_type: e.ApprovalActionType | None = None,
    limit: int | None = None,
    offset: int | None = None,
) -> Call[a.ApprovalList]:
    params = query(
        status=status,
        requestor_id=requestor_id,
        task_id=task_id,
        action_type=action_type,
        limit=limit,
        offset=offset,
    )
    return Call("GET", "/approvals", params=params)


def pending_approvals() -> Call[a.PendingApprovals]:
    """What waits for a decision, soonest expiry first."""
    return Call("GET", "/approvals/pending")


def get_approval(approval_id: str) -> Call[o.Approval]:
    return Call("GET", f"/approvals/{segment(approval_id)}")


def request_approval(
    *,
    action_type: e.ApprovalActionType,
    action_summary: str,
    risk_level: e.ApprovalRisk,
    justification: str,
    task_id: str | None = None,
    tool_call_id: str | None = None,
    action_payload: Json | None = None,
    estimated_cost: float | None = None,
    rollback_plan: str | None = None,
    expires_in: str | None = None,
    requestor_agent_id: str | None = None,
    idempotency_key: str | None = None,
) -> Call[a.ApprovalRequested]:
    """Ask for leave. When one for this task and kind of action waits already, the answer is that one, not `created`."""
    sent = body(
        action_type=action_type,
        action_summary=action_summary,
        risk_level=risk_level,
        justification=justification,
        task_id=task_id,
        tool_call_id=tool_call_id,
        action_payload=action_payload,
        estimated_cost=estimated_cost,
        rollback_plan=rollback_plan,
        expires_in=expires_in,
        requestor_agent_id=requestor_agent_id,
    )
    return Call("POST", "/approvals", body=sent, idempotency_key=idempotency_key)


def decide_approval(
    approval_id: str, decision: e.ApprovalDecision, *, reason: str | None = None, idempotency_key: str | None = None
) -> Call[a.ApprovalAnswer]:
    sent = body(decision=decision, reason=reason)
    return Call("POST", f"/approvals/{segment(approval_id)}/decide", body=sent, idempotency_key=idempotency_key)


def cancel_approval(approval_id: str, *, idempotency_key: str | None = None) -> Call[a.ApprovalAnswer]:
    return Call("POST", f"/approvals/{segment(approval_id)}/cancel", body={}, idempotency_key=idempotency_key)


def evaluate_policy(
    action_type: e.PolicyActionType,
    *,
    tool: str | None = None,
    command: str | None = None,
    path: str | None = None,
    domain: str | None = None,
    target_status: e.TaskStatus | None = None,
    estimated_cost: float | None = None,
    args: Json | None = None,
    task_id: str | None = None,
    session_key: str | None = None,
    current_spend: float | None = None,
    approval_id: str | None = None,
    agent_id: str | None = None,
    idempotency_key: str | None = None,
) -> Call[a.Evaluation]:
    """May the agent do this? A refusal is an answer, not an error."""
    action = body(
        type=action_type,
        tool=tool,
        command=command,
        path=path,
        domain=domain,
        target_status=target_status,
        estimated_cost=estimated_cost,
        args=args,
    )
    context = body(task_id=task_id, session_key=session_key, current_spend=current_spend, approval_id=approval_id)
    sent = {"agentId": agent_id or Own.AGENT, "action": action}
    if context:
        sent["context"] = context
    return Call("POST", "/policy/evaluate", body=sent, idempotency_key=idempotency_key)


def active_policy(*, scope: e.PolicyScope | None = None, scope_id: str | None = None) -> Call[a.PolicyAnswer]:
    return Call("GET", "/policy/active", params=query(scope=scope, scope_id=scope_id))
