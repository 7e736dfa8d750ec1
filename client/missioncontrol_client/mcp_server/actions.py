"""What the `mission_control` tool can do: one action for each call that agents make."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from missioncontrol_client import enums as e
from missioncontrol_client.calls.base import Call
from missioncontrol_client.config import Settings

from . import builders
from .parameters import Parameter, checked

P = Parameter


class Action(NamedTuple):
    name: str
    about: str
    parameters: tuple[Parameter, ...]
    build: Callable[[Settings, dict[str, Any]], Call[Any]]
    reads_only: bool = False

    def call(self, settings: Settings, given: Mapping[str, Any]) -> Call[Any]:
        return self.build(settings, checked(self.parameters, given))


TASK = P("taskId", about="Id of the task, such as task_123", required=True)
ABOUT_TASK = P("taskId", about="Id of the task, such as task_123")
COST = P("estimatedCost", "number", "USD")
REASON = P("reason")
STARTED, ENDED = P("startedAt", about="ISO 8601; default: now"), P("endedAt", about="ISO 8601")

ACTIONS: tuple[Action, ...] = (
    Action(
        "heartbeat",
        "Say that you are alive; answers notifications, approvals to decide and assigned tasks.",
        (
            P("status", choices=e.words(e.HeartbeatStatus)),
            P("currentTaskId", about="The task at hand"),
            P("sessionKey"),
        ),
        builders.heartbeat,
    ),
    Action(
        "task_list",
        "Find tasks.",
        (
            P("status", about="Comma list, such as INBOX,ASSIGNED"),
            P("type", about="Comma list, such as CONTENT,DOCS"),
            P("limit", "integer"),
            P("mine", "boolean", "Only your own"),
            P("search"),
        ),
        builders.task_list,
        reads_only=True,
    ),
    Action(
        "task_get",
        "Read a task with its messages, documents, runs and approvals.",
        (TASK,),
        builders.task_get,
        reads_only=True,
    ),
    Action(
        "task_claim",
        "Take a task from the inbox.",
        (TASK,),
        builders.task_claim,
    ),
    Action(
        "task_start",
        "Begin work on a task, with a plan of 3 to 6 bullets.",
        (
            TASK,
            P("bullets", "array", "The plan, 3 to 6 bullets"),
            P("content", about="The plan as text, one bullet a line, instead of bullets"),
            COST,
            P("estimatedDuration", about="Free text, such as 2 hours"),
            REASON,
        ),
        builders.task_start,
    ),
    Action(
        "task_comment",
        "Say something about a task.",
        (
            TASK,
            P("content", about="The text", required=True),
            P("messageType", choices=e.words(e.PostedMessageType)),
            P("mentions", "array", "Ids of agents to notify"),
        ),
        builders.task_comment,
    ),
    Action(
        "task_submit",
        "Hand in the work for review.",
        (
            TASK,
            P("content", about="The deliverable, as Markdown", required=True),
            P("artifacts", "array", "Files: {name, type, content or url}", items="object"),
            P("summary"),
            P("checklist", "object", "{type, items: [{label, checked, note}]}", required=True),
            REASON,
        ),
        builders.task_submit,
    ),
    Action(
        "task_artifact",
        "Attach a file or an address to a task.",
        (
            TASK,
            P("name", about="File name", required=True),
            P("artifactType", choices=e.words(e.ArtifactType)),
            P("content", about="The file's text, at most 100 KiB"),
            P("url", about="Where the file is, instead of content"),
            P("mimeType"),
            P("message"),
        ),
        builders.task_artifact,
    ),
    Action(
        "approval_request",
        "Ask for leave to do something that policy does not allow by itself.",
        (
            ABOUT_TASK,
            P("actionType", required=True, choices=e.words(e.ApprovalActionType)),
            P("actionSummary", about="What shall be done, in a sentence", required=True),
            P("riskLevel", required=True, choices=e.words(e.ApprovalRisk)),
            P("justification", about="Why", required=True),
            P("rollbackPlan"),
            COST,
            P("actionPayload", "object", "The action itself"),
            P("expiresIn", about="Such as 30m, 24h or 7d"),
        ),
        builders.approval_request,
    ),
    Action(
        "approval_check",
        "See what became of a request for approval.",
        (P("approvalId", about="Id of the approval, such as approval_456", required=True),),
        builders.approval_check,
        reads_only=True,
    ),
    Action(
        "policy_check",
        "Ask whether an action is allowed before doing it.",
        (
            P("actionType", required=True, choices=e.words(e.PolicyActionType)),
            P("tool", about="The tool's name"),
            P("command"),
            P("path"),
            P("domain"),
            P("targetStatus", choices=e.words(e.TaskStatus)),
            COST,
            P("args", "object", "The tool's other arguments"),
            ABOUT_TASK,
        ),
        builders.policy_check,
        reads_only=True,
    ),
    Action(
        "report_run",
        "Report a run that begins (no runId), or how one went.",
        (
            P("runId", about="Absent: a run begins"),
            P("model"),
            P("sessionKey"),
            STARTED,
            ENDED,
            P("inputTokens", "integer"),
            P("outputTokens", "integer"),
            P("costUsd", "number"),
            P("status", choices=e.words(e.RunStatus)),
            P("error"),
            ABOUT_TASK,
        ),
        builders.report_run,
    ),
    Action(
        "report_tool_call",
        "Report a tool call that begins (no toolCallId), or how one went.",
        (
            P("toolCallId", about="Absent: a call begins"),
            P("runId"),
            P("toolName"),
            P("riskLevel", choices=e.words(e.RiskLevel)),
            P("inputPreview"),
            P("outputPreview"),
            STARTED,
            ENDED,
            P("status", choices=e.words(e.ToolCallStatus)),
            P("error"),
            ABOUT_TASK,
        ),
        builders.report_tool_call,
    ),
)
