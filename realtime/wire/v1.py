"""Objects as the v1 dialect shows them, for those who tell of them on more than one wire. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from agents.models import Agent, Mandate
from core.clock import from_milliseconds, from_seconds
from core.ids import shown
from core.money import dollars
from governance.days import next_midnight
from governance.services.allowances import Allowance
from governance.states import shown as status_shown

Shape = dict[str, Any]
Row = Mapping[str, Any]
# Sources of notifications that have another word in their ids.
SHOWN_AS = {"comment": "msg"}


def moment(at: datetime | None) -> str | None:
    # Rows hold UTC. Written by `%Y`, which takes ten times as long, years before 1000 would lack a digit.
    return None if at is None else f"{at.isoformat()[:19]}Z"


def moment_of(stamp: int | None) -> str | None:
    """Of a time as the log keeps it, in milliseconds."""
    return moment(from_milliseconds(stamp))


def usd(micro: int | None, digits: int = 6) -> float | None:
    return None if micro is None else dollars(micro, digits)


def workspace(id: int) -> str:
    return f"ws_{id}"


def agent(row: Agent, mandate: Mandate, allowance: Allowance, *, now: datetime) -> Shape:
    return {
        "id": row.slug,
        "name": row.name,
        "emoji": mandate.emoji,
        "role": mandate.autonomy,
        "status": mandate.control,
        "health": mandate.health,
        "workspacePath": row.workspace_path or "",
        "soulVersionHash": row.content_hash,
        "allowedTaskTypes": mandate.allowed_task_types,
        "allowedTools": mandate.allowed_tools,
        "budgetDaily": usd(allowance.today - mandate.extra_microusd, 2),
        "budgetPerRun": usd(allowance.per_run, 2),
        "spendToday": usd(0 if mandate.is_reset_due(now) else mandate.spend_today_microusd),
        "spendResetAt": moment(_next_reset(mandate, now)),
        "canSpawn": mandate.can_spawn,
        "maxSubAgents": mandate.max_sub_agents,
        "parentAgentId": mandate.parent.slug if mandate.parent else None,
        "currentTaskId": shown("task", mandate.current_task_id),
        "lastHeartbeatAt": moment(max(filter(None, (mandate.heartbeat_at, row.last_seen)), default=None)),
        "lastError": mandate.last_error,
        "errorStreak": mandate.error_streak,
        "statusReason": mandate.status_reason,
        "statusUntil": moment(mandate.status_until),
        "metadata": mandate.metadata,
        "createdAt": moment(row.created_at),
        "updatedAt": moment(row.updated_at),
    }


def _next_reset(mandate: Mandate, now: datetime) -> datetime:
    """What is due counts as done, whoever has not done it yet."""
    due = mandate.spend_reset_at
    return next_midnight(now) if due is None or due <= now else due


# -- from the snapshots of the log ------------------------------------------------------------------------------------


def task(row: Row) -> Shape:
    """What a task's snapshot tells; the rest is read over REST."""
    return {
        "id": shown("task", row["id"]),
        "title": row["title"],
        "description": row["description"],
        "status": status_shown(row["status"]),
        "priority": row["priority"],
        "assignedTo": row["assigned_to"],
        "createdBy": row["created_by"],
        "projectId": row["project_id"],
        "labels": row["tags"],
        "metadata": row["metadata"],
        "dueAt": moment_of(row["due_at"]),
        "completedAt": moment_of(row["completed_at"]),
        "createdAt": moment_of(row["created_at"]),
        "updatedAt": moment_of(row["updated_at"]),
    }


def permission(row: Row) -> Shape:
    return {
        "requestId": shown("perm", row["id"]),
        "agentId": row["slug"],
        "taskId": shown("task", row["task_id"]),
        "tool": row["tool"],
        "toolUseId": row.get("tool_use_id") or None,
        "input": row["input"],
        "riskLevel": row["risk_level"],
        "status": row["status"],
        "approved": row["approved"],
        "updatedInput": row["updated_input"],
        "decidedBy": _decider(row),
        "decidedAt": moment_of(row["decided_at"]),
        "reason": row["reason"],
        "expiresAt": moment_of(row["expires_at"]),
        "createdAt": moment_of(row["created_at"]),
    }


def _decider(row: Row) -> str | None:
    """A person, a key, the agent that took it back, or `policy`; nobody where its time ran out."""
    name = row["decided_by"]
    if name == f"agent:{row['agent_id']}":
        return str(row["slug"])
    return None if name == "system" else actor(name)


def actor(name: str | None) -> str | None:
    """`user:3` of the log is `user_3` here; names without a number stay."""
    return None if name is None else name.replace(":", "_", 1)


def spawn_request(row: Row) -> Shape:
    return {
        "id": shown("spawn", row["id"]),
        "agentId": row["slug"],
        "agents": row["agents"],
        "reason": row["reason"],
        "status": row["status"],
        "decidedBy": actor(row["decided_by"]),
        "createdAt": moment_of(row["created_at"]),
    }


def log_entry(row: Row) -> Shape:
    return {**row, "id": shown("entry", row["id"])}


def alert(row: Row, agent_slug: str | None) -> Shape:
    return {
        "id": shown("alert", row["id"]),
        "severity": row["severity"],
        "type": row["type"],
        "title": row["title"],
        "description": row["description"],
        "agentId": agent_slug,
        "taskId": shown("task", row["task_id"]),
        "runId": shown("run", row["run_id"]),
        "status": row["status"],
        "acknowledgedBy": actor(row["acknowledged_by"]),
        "acknowledgedAt": moment_of(row["acknowledged_at"]),
        "resolvedAt": moment_of(row["resolved_at"]),
        "resolutionNote": row["resolution_note"],
        "metadata": row["metadata"],
        "createdAt": moment_of(row["created_at"]),
    }


def notification(row: Row) -> Shape:
    source: str | None = row["source_type"]
    return {
        "id": shown("notif", row["id"]),
        "recipient": row["recipient"],
        "type": row["type"],
        "title": row["title"],
        "body": row["message"],
        "about": shown(SHOWN_AS.get(source) or source, row["source_id"]) if source else None,
        "createdAt": moment(from_seconds(row["created_at"])),
    }
