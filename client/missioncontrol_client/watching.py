"""The API's objects about agents at work; see `objects.py`."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

from . import enums as e

Json = dict[str, Any]
TodoStatus = Literal["pending", "in_progress", "completed"]
DelegationStatus = Literal["pending", "running", "done", "failed", "canceled"]
PermissionStatus = Literal["PENDING", "APPROVED", "DENIED", "EXPIRED", "CANCELED"]


class Rejected(TypedDict):
    index: int
    message: str


class StreamTaken(TypedDict):
    accepted: int
    rejected: list[Rejected]
    lastEventId: int


class LogEntry(TypedDict):
    id: str
    ts: int
    kind: str
    text: str
    hidden: bool
    tool: str | None
    toolUseId: str | None
    isError: bool
    author: str | None
    sessionKey: str | None
    runId: str | None


class Log(TypedDict):
    entries: list[LogEntry]
    hasMore: bool


class RunnerMessage(TypedDict):
    id: int
    text: str
    author: str
    createdAt: str


class RunnerControl(TypedDict):
    id: int
    action: str
    reason: str | None
    requestId: str | None
    createdAt: str


class Inbox(TypedDict):
    messages: list[RunnerMessage]
    controls: list[RunnerControl]
    lastId: int
    agentStatus: NotRequired[e.AgentStatus]


class Said(TypedDict):
    message: RunnerMessage


class Todo(TypedDict):
    content: str
    status: TodoStatus


class Wished(TypedDict):
    name: str
    role: NotRequired[str]
    task: NotRequired[str]


class Permission(TypedDict):
    requestId: str
    agentId: str
    taskId: str | None
    runId: str | None
    tool: str
    toolUseId: str | None
    input: Json
    riskLevel: Literal["GREEN", "YELLOW", "RED"]
    policyReason: str | None
    status: PermissionStatus
    approved: bool | None
    updatedInput: Json | None
    decidedBy: str | None
    decidedAt: str | None
    channel: str | None
    reason: str | None
    expiresAt: str
    createdAt: str


class PermissionList(TypedDict):
    permissions: list[Permission]
    total: int
    hasMore: bool
