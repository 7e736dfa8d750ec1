"""The words of the API. A server may know more than these: what it answers is not checked against them."""

from __future__ import annotations

from typing import Literal, get_args

TaskStatus = Literal["INBOX", "ASSIGNED", "IN_PROGRESS", "REVIEW", "NEEDS_APPROVAL", "BLOCKED", "DONE", "CANCELED"]
TaskType = Literal[
    "CONTENT", "SOCIAL", "EMAIL_MARKETING", "CUSTOMER_RESEARCH", "SEO_RESEARCH", "ENGINEERING", "DOCS", "OPS"
]
ChecklistType = TaskType | Literal["RESEARCH"]
TaskPriority = Literal[1, 2, 3, 4]
TaskOrder = Literal["createdAt", "updatedAt", "priority", "dueAt"]
Direction = Literal["asc", "desc"]
AgentRole = Literal["INTERN", "SPECIALIST", "LEAD"]
AgentStatus = Literal["ACTIVE", "PAUSED", "DRAINED", "QUARANTINED", "OFFLINE"]
HeartbeatStatus = Literal["HEALTHY", "BUSY", "IDLE"]
ControlAction = Literal["PAUSE", "RESUME", "DRAIN", "QUARANTINE", "RESTART"]
PostedMessageType = Literal["COMMENT", "WORK_PLAN", "PROGRESS", "ARTIFACT", "REVIEW"]
MessageType = PostedMessageType | Literal["APPROVAL_REQUEST"]
ArtifactType = Literal["DELIVERABLE", "EVIDENCE", "CHECKLIST", "REPORT"]
ApprovalActionType = Literal["TOOL_EXEC", "BUDGET_OVERRIDE", "STATE_TRANSITION", "SPAWN"]
ApprovalRisk = Literal["YELLOW", "RED"]
ApprovalStatus = Literal["PENDING", "APPROVED", "DENIED", "EXPIRED", "CANCELED"]
ApprovalDecision = Literal["APPROVED", "DENIED"]
PolicyActionType = Literal["TOOL_CALL", "FILE_WRITE", "NETWORK", "SPAWN", "TRANSITION"]
PolicyDecision = Literal["ALLOW", "DENY", "NEEDS_APPROVAL"]
PolicyScope = Literal["GLOBAL", "AGENT", "TASK_TYPE"]
RiskLevel = Literal["GREEN", "YELLOW", "RED"]
RunStatus = Literal["RUNNING", "COMPLETED", "FAILED", "TIMEOUT"]
ToolCallStatus = Literal["PENDING", "RUNNING", "SUCCESS", "FAILED", "DENIED"]
BudgetWarningType = Literal["APPROACHING_LIMIT", "EXCEEDED"]
NotificationType = Literal[
    "MENTION", "ASSIGNMENT", "APPROVAL_REQUEST", "ALERT", "DIGEST", "APPROVAL_DECIDED", "TASK_TRANSITION"
]
NotificationChannel = Literal["TELEGRAM", "SLACK", "EMAIL", "WEBHOOK", "HEARTBEAT"]
NotificationStatus = Literal["PENDING", "SENT", "DELIVERED", "FAILED", "EXPIRED"]
AlertSeverity = Literal["INFO", "WARNING", "ERROR", "CRITICAL"]
AlertStatus = Literal["OPEN", "ACKNOWLEDGED", "RESOLVED", "IGNORED"]
DeliveryStatus = Literal["WAITING", "DELIVERED", "FAILED", "DEAD"]
ActorType = Literal["AGENT", "USER", "SYSTEM"]
LoopType = Literal["COMMENT_FLOOD", "REVIEW_CYCLES", "AGENT_PING_PONG", "TOOL_RETRY_LOOP"]
CostPeriod = Literal["day", "week", "month"]


def words(enum: object) -> tuple[str, ...]:
    """The values of one of the types above, in the contract's order."""
    return tuple(str(value) for value in get_args(enum))
