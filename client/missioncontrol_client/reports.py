"""The API's objects about what happened: runs, activity, notifications, alerts; see `objects.py`."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

from . import enums as e

Json = dict[str, Any]


class Run(TypedDict):
    id: str
    agentId: str
    taskId: str | None
    sessionKey: str
    model: str
    startedAt: str
    endedAt: str | None
    durationMs: int | None
    inputTokens: int
    outputTokens: int
    cacheReadTokens: int
    cacheWriteTokens: int
    costUsd: float
    costSource: Literal["REPORTED", "ESTIMATED"]
    status: e.RunStatus
    error: str | None
    metadata: Json
    createdAt: str


class PolicyResult(TypedDict):
    decision: e.PolicyDecision
    reason: str
    approvalId: NotRequired[str | None]


class ToolCall(TypedDict):
    id: str
    runId: str
    agentId: str
    taskId: str | None
    toolName: str
    toolVersion: str | None
    riskLevel: e.RiskLevel
    policyResult: PolicyResult | None
    inputPreview: str | None
    outputPreview: str | None
    inputHash: str | None
    outputHash: str | None
    startedAt: str
    endedAt: str | None
    durationMs: int | None
    status: e.ToolCallStatus
    error: str | None
    retryCount: int
    createdAt: str


class Activity(TypedDict):
    id: str
    actorType: e.ActorType
    actorId: str | None
    action: str
    description: str
    targetType: str | None
    targetId: str | None
    taskId: str | None
    agentId: str | None
    beforeState: Json | None
    afterState: Json | None
    metadata: Json
    createdAt: str


class Notification(TypedDict):
    id: str
    targetAgentId: str | None
    targetUserId: str | None
    channel: e.NotificationChannel
    type: e.NotificationType
    title: str
    body: str | None
    taskId: str | None
    messageId: str | None
    approvalId: str | None
    status: e.NotificationStatus
    attempts: int
    maxAttempts: int
    nextAttemptAt: str | None
    lastError: str | None
    deliveredAt: str | None
    externalId: str | None
    sendAfter: str | None
    expiresAt: str | None
    createdAt: str


class Alert(TypedDict):
    id: str
    severity: e.AlertSeverity
    type: str
    title: str
    description: str | None
    agentId: str | None
    taskId: str | None
    runId: str | None
    status: e.AlertStatus
    acknowledgedBy: str | None
    acknowledgedAt: str | None
    resolvedAt: str | None
    resolutionNote: str | None
    metadata: Json
    createdAt: str


class Policy(TypedDict):
    id: str
    version: int
    name: str
    scopeType: e.PolicyScope
    scopeId: str | None
    rules: Json
    toolRiskMap: Json
    shellAllowlist: list[str]
    shellBlocklist: list[str]
    fileReadPaths: list[str]
    fileWritePaths: list[str]
    fileWriteBlocklist: list[str]
    networkAllowlist: list[str]
    budgetDefaults: Json
    spawnLimits: Json
    loopThresholds: Json
    active: bool
    createdBy: str | None
    notes: str | None
    createdAt: str


class Webhook(TypedDict):
    id: str
    url: str
    events: list[str]
    active: bool


class WebhookResponse(TypedDict):
    status: int
    body: str | None


class Delivery(TypedDict):
    """One attempt. `deliveryId` is by which the receiver knows it, the same on every attempt."""

    id: str
    deliveryId: str
    event: str
    status: e.DeliveryStatus
    attempt: int
    request: Json
    response: WebhookResponse | None
    error: str | None
    durationMs: int | None
    createdAt: str
    nextRetryAt: str | None
