"""The calls behind the actions, made from checked parameters."""

from __future__ import annotations

from typing import Any

from missioncontrol_client.calls import agents, approvals, runs, tasks
from missioncontrol_client.calls.base import Call
from missioncontrol_client.cli.local import plan_bullets
from missioncontrol_client.config import Settings

from .parameters import BadArgument

Given = dict[str, Any]


def heartbeat(settings: Settings, given: Given) -> Call[Any]:
    return agents.heartbeat(
        given.get("status", "HEALTHY"),
        current_task_id=given.get("currentTaskId"),
        session_key=given.get("sessionKey", settings.session_key),
    )


def task_list(settings: Settings, given: Given) -> Call[Any]:
    return tasks.list_tasks(
        status=given.get("status"),
        type=given.get("type"),
        limit=given.get("limit"),
        search=given.get("search"),
        assignee_id=(settings.agent_id or "me") if given.get("mine") else None,
    )


def task_get(settings: Settings, given: Given) -> Call[Any]:
    return tasks.get_task(given["taskId"])


def task_claim(settings: Settings, given: Given) -> Call[Any]:
    return tasks.claim_task(given["taskId"])


def task_start(settings: Settings, given: Given) -> Call[Any]:
    bullets = given.get("bullets") or plan_bullets(given.get("content", ""))
    if not bullets:
        raise BadArgument("missing parameter: bullets")
    return tasks.start_task(
        given["taskId"],
        bullets,
        estimated_cost=given.get("estimatedCost"),
        estimated_duration=given.get("estimatedDuration"),
        reason=given.get("reason"),
        session_key=settings.session_key,
    )


def task_comment(settings: Settings, given: Given) -> Call[Any]:
    kind = given.get("messageType", "COMMENT")
    return tasks.post_message(given["taskId"], given["content"], type=kind, mentions=given.get("mentions"))


def task_submit(settings: Settings, given: Given) -> Call[Any]:
    return tasks.submit_task(
        given["taskId"],
        given["content"],
        artifacts=given.get("artifacts"),
        summary=given.get("summary"),
        checklist=given["checklist"],
        reason=given.get("reason"),
        session_key=settings.session_key,
    )


def task_artifact(settings: Settings, given: Given) -> Call[Any]:
    artifact: Any = {"name": given["name"], "type": given.get("artifactType", "DELIVERABLE")}
    artifact |= {name: given[name] for name in ("content", "url", "mimeType") if name in given}
    return tasks.attach_artifact(given["taskId"], artifact, message=given.get("message"))


def approval_request(settings: Settings, given: Given) -> Call[Any]:
    return approvals.request_approval(
        task_id=given.get("taskId"),
        action_type=given["actionType"],
        action_summary=given["actionSummary"],
        risk_level=given["riskLevel"],
        justification=given["justification"],
        rollback_plan=given.get("rollbackPlan"),
        estimated_cost=given.get("estimatedCost"),
        action_payload=given.get("actionPayload"),
        expires_in=given.get("expiresIn"),
    )


def approval_check(settings: Settings, given: Given) -> Call[Any]:
    return approvals.get_approval(given["approvalId"])


def policy_check(settings: Settings, given: Given) -> Call[Any]:
    return approvals.evaluate_policy(
        given["actionType"],
        tool=given.get("tool"),
        command=given.get("command"),
        path=given.get("path"),
        domain=given.get("domain"),
        target_status=given.get("targetStatus"),
        estimated_cost=given.get("estimatedCost"),
        args=given.get("args"),
        task_id=given.get("taskId"),
    )


def report_run(settings: Settings, given: Given) -> Call[Any]:
    told: dict[str, Any] = {name: given.get(key) for name, key in _RUN_FIELDS.items() if given.get(key) is not None}
    if "runId" in given:
        changes: Any = {name: told[name] for name in told if name in runs.RunChanges.__annotations__}
        return runs.update_run(given["runId"], **changes)
    if "model" not in told:
        raise BadArgument("missing parameter: model (or runId, to report on a run that was started before)")
    return runs.report_run(**{"session_key": settings.session_key, **told})


def report_tool_call(settings: Settings, given: Given) -> Call[Any]:
    told: dict[str, Any] = {name: given.get(key) for name, key in _TOOL_FIELDS.items() if given.get(key) is not None}
    if "toolCallId" in given:
        changes: Any = {name: told[name] for name in told if name in runs.ToolCallChanges.__annotations__}
        return runs.update_tool_call(given["toolCallId"], **changes)
    for name in ("runId", "toolName", "riskLevel"):
        if name not in given:
            raise BadArgument(f"missing parameter: {name} (or toolCallId, to report on a call that was started before)")
    allowed = ("run_id", "tool_name", "risk_level", "status", "started_at", "task_id", "input_preview")
    return runs.report_tool_call(**{name: told[name] for name in allowed if name in told})


_RUN_FIELDS = {
    "model": "model",
    "session_key": "sessionKey",
    "started_at": "startedAt",
    "ended_at": "endedAt",
    "input_tokens": "inputTokens",
    "output_tokens": "outputTokens",
    "cost_usd": "costUsd",
    "status": "status",
    "error": "error",
    "task_id": "taskId",
}
_TOOL_FIELDS = {
    "run_id": "runId",
    "tool_name": "toolName",
    "risk_level": "riskLevel",
    "input_preview": "inputPreview",
    "output_preview": "outputPreview",
    "started_at": "startedAt",
    "ended_at": "endedAt",
    "status": "status",
    "error": "error",
    "task_id": "taskId",
}
