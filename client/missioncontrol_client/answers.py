"""What each endpoint answers."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

from . import enums as e
from . import objects as o


class TaskList(TypedDict):
    tasks: list[o.Task]
    total: int
    hasMore: bool


class TaskDetail(TypedDict):
    task: o.Task
    transitions: list[o.TaskTransition]
    messages: list[o.Message]
    documents: list[o.Document]
    runs: list[o.Run]
    approvals: list[o.Approval]


class TaskCreated(TypedDict):
    task: o.Task
    created: bool


class TaskAnswer(TypedDict):
    task: o.Task


class Loop(TypedDict):
    type: e.LoopType
    messageId: str


class TransitionAnswer(TypedDict):
    success: Literal[True]
    task: o.Task
    transition: o.TaskTransition
    warnings: NotRequired[list[str]]
    loop: NotRequired[Loop]


class TransitionList(TypedDict):
    transitions: list[o.TaskTransition]


class MessageList(TypedDict):
    messages: list[o.Message]
    hasMore: bool


class Mention(TypedDict):
    agentId: str
    queued: bool


class MessagePosted(TypedDict):
    message: o.Message
    notifications: list[Mention]


class ApprovalList(TypedDict):
    approvals: list[o.Approval]
    total: int


class PendingApprovals(TypedDict):
    approvals: list[o.Approval]
    urgentCount: int


class ApprovalRequested(TypedDict):
    approval: o.Approval
    created: bool
    task: NotRequired[o.Task]


class ApprovalAnswer(TypedDict):
    approval: o.Approval
    task: NotRequired[o.Task]


class ApprovalRequired(TypedDict):
    type: e.ApprovalActionType
    suggestedJustification: str


class Budget(TypedDict):
    daily: float
    spentToday: float
    remaining: float
    perRunCap: float


class Evaluation(TypedDict):
    decision: e.PolicyDecision
    riskLevel: e.RiskLevel
    reason: str
    violations: NotRequired[list[str]]
    approvalRequired: NotRequired[ApprovalRequired]
    budget: NotRequired[Budget]


class PolicyAnswer(TypedDict):
    policy: o.Policy


class AgentList(TypedDict):
    agents: list[o.Agent]


class AgentStats(TypedDict):
    tasksCompleted: int
    tasksInProgress: int
    spendToday: float
    spendThisWeek: float
    avgTaskDuration: float | None
    errorRate: float


class AgentDetail(TypedDict):
    agent: o.Agent
    stats: AgentStats
    recentRuns: list[o.Run]
    currentTask: NotRequired[o.Task]


class AgentAnswer(TypedDict):
    agent: o.Agent


class AgentControlled(TypedDict):
    agent: o.Agent
    affectedTasks: NotRequired[list[o.Task]]


class PendingControl(TypedDict):
    action: e.ControlAction
    reason: str | None
    requestedAt: str


class Heartbeat(TypedDict):
    acknowledged: bool
    pendingNotifications: list[o.Notification]
    pendingApprovals: list[o.Approval]
    assignedTasks: list[o.Task]
    agentStatus: NotRequired[e.AgentStatus]
    control: NotRequired[PendingControl | None]
    budget: NotRequired[Budget | None]
    warnings: NotRequired[list[str]]


class TokenIssued(TypedDict):
    token: str
    expiresAt: str


class BudgetWarning(TypedDict):
    type: e.BudgetWarningType
    remaining: float
    message: str


class RunAnswer(TypedDict):
    run: o.Run
    budgetWarning: NotRequired[BudgetWarning]


class ToolCallAnswer(TypedDict):
    toolCall: o.ToolCall


class Timeline(TypedDict):
    activities: list[o.Activity]
    hasMore: bool


class NotificationList(TypedDict):
    notifications: list[o.Notification]


class NotificationAnswer(TypedDict):
    notification: o.Notification


class AlertList(TypedDict):
    alerts: list[o.Alert]
    openCount: int
    criticalCount: int


class AlertAnswer(TypedDict):
    alert: o.Alert


class TaskCounts(TypedDict):
    byStatus: dict[str, int]
    byType: dict[str, int]
    completedToday: int
    completedThisWeek: int


class Overview(TypedDict):
    tasks: TaskCounts
    agents: dict[str, int]
    approvals: dict[str, int]
    alerts: dict[str, int]
    costs: dict[str, float]


class AgentCosts(TypedDict):
    total: float
    byModel: dict[str, Any]
    byTaskType: dict[str, Any]
    runs: int
    avgCostPerRun: float


class WebhookAnswer(TypedDict):
    webhook: o.Webhook


class WebhookList(TypedDict):
    webhooks: list[o.Webhook]
    total: int
    hasMore: bool


class DeliveryList(TypedDict):
    deliveries: list[o.Delivery]
    total: int
    hasMore: bool


class DeliveryAnswer(TypedDict):
    delivery: o.Delivery


class Replayed(TypedDict):
    """`endedAt`: the moment up to which it was told, when there was too much for one call."""

    queued: int
    endedAt: str | None


class DocumentAnswer(TypedDict):
    document: o.Document


class Health(TypedDict):
    status: Literal["ok", "degraded"]
    version: str
    time: str
