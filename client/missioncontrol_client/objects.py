"""The API's objects, as they travel: plain dictionaries that a type checker knows."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict

from . import enums as e
from .reports import Activity as Activity
from .reports import Alert as Alert
from .reports import Delivery as Delivery
from .reports import Json as Json
from .reports import Notification as Notification
from .reports import Policy as Policy
from .reports import PolicyResult as PolicyResult
from .reports import Run as Run
from .reports import ToolCall as ToolCall
from .reports import Webhook as Webhook


class WorkPlan(TypedDict):
    bullets: list[str]
    estimatedCost: NotRequired[float | None]
    estimatedDuration: NotRequired[str | None]
    dependencies: NotRequired[list[str]]


class Artifact(TypedDict):
    name: str
    type: e.ArtifactType
    content: NotRequired[str | None]
    url: NotRequired[str | None]
    mimeType: NotRequired[str | None]
    documentId: NotRequired[str | None]
    sizeBytes: NotRequired[int | None]
    checksum: NotRequired[str | None]


class Deliverable(TypedDict):
    content: str
    artifacts: NotRequired[list[Artifact]]
    summary: NotRequired[str | None]


class ChecklistItem(TypedDict):
    label: str
    checked: bool
    note: NotRequired[str | None]
    verifiedBy: NotRequired[str | None]
    verifiedAt: NotRequired[str | None]


class ReviewChecklist(TypedDict):
    type: e.ChecklistType
    items: list[ChecklistItem]
    notes: NotRequired[str | None]
    completedAt: NotRequired[str | None]
    completedBy: NotRequired[str | None]


class CostSummary(TypedDict):
    totalCost: float
    runCount: int
    tokenCount: int


class Completion(TypedDict):
    approvalId: str | None
    approvedBy: str | None
    approvedAt: str | None
    decisionNote: str | None


class Task(TypedDict):
    id: str
    title: str
    description: str | None
    type: e.TaskType
    status: e.TaskStatus
    priority: e.TaskPriority
    creatorAgentId: str | None
    creatorUserId: str | None
    assigneeIds: list[str]
    reviewerId: str | None
    parentTaskId: str | None
    workPlan: WorkPlan | None
    deliverable: Deliverable | None
    reviewChecklist: ReviewChecklist | None
    reviewCycles: int
    estimatedCost: float | None
    actualCost: float
    costSummary: CostSummary | None
    completion: Completion | None
    blockedReason: str | None
    resumeStatus: e.TaskStatus | None
    dueAt: str | None
    startedAt: str | None
    submittedAt: str | None
    completedAt: str | None
    labels: list[str]
    metadata: Json
    redactedFields: list[str]
    createdAt: str
    updatedAt: str


class ValidationResult(TypedDict):
    valid: bool
    errors: list[Any]


class TaskTransition(TypedDict):
    id: str
    taskId: str
    # None for the first one, which made the task.
    fromStatus: e.TaskStatus | None
    toStatus: e.TaskStatus
    actorType: e.ActorType
    actorAgentId: str | None
    actorUserId: str | None
    reason: str | None
    sessionKey: str | None
    validationResult: ValidationResult | None
    artifactsSnapshot: Json | None
    createdAt: str


class Message(TypedDict):
    id: str
    taskId: str
    authorAgentId: str | None
    authorUserId: str | None
    type: e.MessageType
    content: str
    artifacts: list[Artifact]
    mentions: list[str]
    replyToId: str | None
    metadata: Json
    redactedFields: list[str]
    createdAt: str
    editedAt: str | None


class Document(TypedDict):
    id: str
    taskId: str | None
    agentId: str | None
    name: str
    type: e.ArtifactType
    mimeType: str | None
    content: str | None
    storageUrl: str | None
    sizeBytes: int | None
    checksum: str | None
    isRedacted: bool
    redactionNote: str | None
    version: int
    previousVersionId: str | None
    createdAt: str


class FirstApproval(TypedDict):
    userId: str | None
    at: str


class Approval(TypedDict):
    id: str
    taskId: str | None
    toolCallId: str | None
    requestorAgentId: str | None
    actionType: e.ApprovalActionType
    actionSummary: str
    riskLevel: e.ApprovalRisk
    actionPayload: Json | None
    estimatedCost: float | None
    rollbackPlan: str | None
    justification: str
    status: e.ApprovalStatus
    decidedByAgentId: str | None
    decidedByUserId: str | None
    decidedAt: str | None
    decisionReason: str | None
    # Where two people must approve: the one who did so already.
    firstApproval: FirstApproval | None
    expiresAt: str
    createdAt: str


class Agent(TypedDict):
    id: str
    name: str
    emoji: str | None
    role: e.AgentRole
    status: e.AgentStatus
    health: e.HeartbeatStatus | None
    workspacePath: str
    soulVersionHash: str | None
    allowedTaskTypes: list[e.TaskType]
    allowedTools: list[str]
    budgetDaily: float
    budgetPerRun: float
    spendToday: float
    spendResetAt: str | None
    canSpawn: bool
    maxSubAgents: int
    parentAgentId: str | None
    currentTaskId: str | None
    lastHeartbeatAt: str | None
    lastError: str | None
    errorStreak: int
    statusReason: str | None
    statusUntil: str | None
    metadata: Json
    createdAt: str
    updatedAt: str
