"""Approvals and policies as the dialect shows them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings

from agents.models import Agent, Mandate
from core.actors import Actor
from core.ids import parse_ref
from governance.models import Approval, Policy
from governance.policy import Policy as Rules
from governance.services.policies import LISTS, rules_of

from .ids import human, shown
from .out import moment, usd


class Reader:
    """Who looks at approvals. What is asked for in detail is for people, the agent that asks and those who decide."""

    def __init__(self, actor: Actor, agent: Agent | None = None, mandate: Mandate | None = None) -> None:
        self.actor, self.agent = actor, agent
        self.is_lead = mandate is not None and mandate.autonomy == Mandate.Autonomy.LEAD

    def sees_payload(self, row: Approval) -> bool:
        if self.agent is None:
            return self.actor.kind != "agent"
        if self.agent.pk in (row.requestor_id, row.decided_by_agent_id):
            return True
        return self.is_lead and row.may_be_decided_by_lead(self.agent)


def approvals_out(rows: Iterable[Approval], reader: Reader) -> list[dict[str, Any]]:
    return [approval_out(row, reader) for row in rows]


def approval_out(row: Approval, reader: Reader) -> dict[str, Any]:
    """`requestor` and `decided_by_agent` are best selected with the row."""
    kind, id = parse_ref(row.decided_by or "system")
    return {
        "id": shown("approval", row.pk),
        "taskId": shown("task", row.task_id),
        "toolCallId": shown("tool", row.tool_call_id),
        "requestorAgentId": row.requestor.slug if row.requestor else None,
        "actionType": row.action_type,
        "actionSummary": row.action_summary,
        "riskLevel": row.risk_level,
        "actionPayload": row.action_payload if reader.sees_payload(row) else None,
        "estimatedCost": usd(row.estimated_cost_microusd),
        "rollbackPlan": row.rollback_plan,
        "justification": row.justification,
        "status": row.status,
        "decidedByAgentId": row.decided_by_agent.slug if row.decided_by_agent else None,
        "decidedByUserId": human(kind, id),
        "decidedAt": moment(row.decided_at),
        "decisionReason": row.decision_reason,
        "firstApproval": _first(row),
        "expiresAt": moment(row.expires_at),
        "createdAt": moment(row.created_at),
    }


def _first(row: Approval) -> dict[str, Any] | None:
    """Where two people must approve: the one who did so already. While it is pending, another one has to."""
    if row.seconded_by is None:
        return None
    return {"userId": human(*parse_ref(row.seconded_by)), "at": moment(row.seconded_at)}


def policy_out(row: Policy | None) -> dict[str, Any]:
    """None is what holds without any policy."""
    row = row or Policy(name="default", version=0, created_by="system")
    rules = rules_of(row)
    return {
        "id": f"policy_{row.pk or 0}",
        "version": row.version,
        "name": row.name,
        "scopeType": row.scope_type,
        "scopeId": row.scope_id or None,
        "rules": row.rules,
        "toolRiskMap": row.tool_risk_map,
        **{_camel(name): list(getattr(rules, name)) for name in LISTS},
        "budgetDefaults": _budgets(rules),
        "spawnLimits": {
            "maxActive": rules.spawn_limits.max_active,
            "maxPerParent": rules.spawn_limits.max_per_parent,
            "maxDepth": rules.spawn_limits.max_depth,
            "ttlHours": rules.spawn_limits.ttl_hours,
        },
        "loopThresholds": {**settings.LIMITS, **row.loop_thresholds},
        "active": row.active,
        "createdBy": row.created_by,
        "notes": row.notes,
        "createdAt": moment(row.created_at),
    }


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


def _budgets(rules: Rules) -> dict[str, dict[str, float | None]]:
    return {
        role: {"daily": usd(daily, 2), "perRun": usd(per_run, 2)}
        for role, (daily, per_run) in rules.budget_defaults.items()
    }
