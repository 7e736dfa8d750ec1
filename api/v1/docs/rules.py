"""The objects of answers that say what may happen, and what has: approvals, policies, alerts and the like."""

from __future__ import annotations

from pydantic.alias_generators import to_camel

from api.schemas import FLAG, FREE, NUMBER, TEXT, Schema, each, has, many, maybe
from api.v1.out import ACTOR_TYPES
from api.v1.timeline import ACTIONS
from governance.models import Alert, Approval, Policy
from governance.services.policies import LISTS
from notifications.models import Notification
from notifications.words import TYPES as NOTIFICATION_TYPES
from tokens.models import ToolCall

from .schema import COUNT, MOMENT, SLUG, USER, id_of, one_of

RISK = one_of(ToolCall.Risk.values)
RULES: dict[str, Schema] = {
    "Approval": has(
        id=id_of("approval"),
        taskId=maybe(id_of("task")),
        toolCallId=maybe(id_of("tool")),
        requestorAgentId=maybe(SLUG),
        actionType=one_of(Approval.ActionType.values),
        actionSummary=TEXT,
        riskLevel=one_of(Approval.Risk.values),
        actionPayload=maybe({**FREE, "description": "Null for agents that neither asked nor decide."}),
        estimatedCost=maybe(NUMBER),
        rollbackPlan=maybe(TEXT),
        justification=TEXT,
        status=one_of(Approval.Status.values),
        decidedByAgentId=maybe(SLUG),
        decidedByUserId=maybe(USER),
        decidedAt=maybe(MOMENT),
        decisionReason=maybe(TEXT),
        firstApproval=maybe({**has(userId=maybe(USER), at=MOMENT), "description": "Where two people must approve."}),
        expiresAt=MOMENT,
        createdAt=MOMENT,
    ),
    "Policy": has(
        id=id_of("policy"),
        version=COUNT,
        name=TEXT,
        scopeType=one_of(Policy.Scope.values),
        scopeId=maybe(TEXT),
        rules=FREE,
        toolRiskMap=each(RISK),
        **{to_camel(name): many(TEXT) for name in LISTS},
        budgetDefaults=each(has(daily=maybe(NUMBER), perRun=maybe(NUMBER))),
        spawnLimits=has(maxActive=COUNT, maxPerParent=COUNT, maxDepth=COUNT, ttlHours=COUNT),
        loopThresholds=FREE,
        active=FLAG,
        createdBy=TEXT,
        notes=maybe(TEXT),
        createdAt=maybe({**MOMENT, "description": "Null for what holds without any policy."}),
    ),
    "Notification": has(
        id=id_of("notif"),
        targetAgentId=maybe(SLUG),
        targetUserId=maybe(USER),
        channel=one_of(Notification.Channel.values),
        type=one_of(NOTIFICATION_TYPES),
        title=TEXT,
        body=TEXT,
        taskId=maybe(id_of("task")),
        messageId=maybe(id_of("msg")),
        approvalId=maybe(id_of("approval")),
        status=one_of(Notification.Status.values),
        attempts=COUNT,
        maxAttempts=COUNT,
        nextAttemptAt=maybe(MOMENT),
        lastError=maybe(TEXT),
        deliveredAt=maybe(MOMENT),
        externalId=maybe(TEXT),
        sendAfter=MOMENT,
        expiresAt=MOMENT,
        createdAt=MOMENT,
    ),
    "Alert": has(
        id=id_of("alert"),
        severity=one_of(Alert.Severity.values),
        type=TEXT,
        title=TEXT,
        description=TEXT,
        agentId=maybe(SLUG),
        taskId=maybe(id_of("task")),
        runId=maybe(id_of("run")),
        status=one_of(Alert.Status.values),
        acknowledgedBy=maybe(TEXT),
        acknowledgedAt=maybe(MOMENT),
        resolvedAt=maybe(MOMENT),
        resolutionNote=maybe(TEXT),
        metadata=FREE,
        createdAt=MOMENT,
    ),
    "Activity": has(
        id=id_of("act"),
        actorType=one_of(sorted({*ACTOR_TYPES.values(), "SYSTEM"})),
        actorId=maybe(TEXT),
        action=one_of(ACTIONS),
        description=TEXT,
        targetType=TEXT,
        targetId=maybe(TEXT),
        taskId=maybe(id_of("task")),
        agentId=maybe(SLUG),
        beforeState=maybe(FREE),
        afterState=maybe(FREE),
        metadata=FREE,
        createdAt=MOMENT,
    ),
    "Webhook": has(id=id_of("webhook"), url=TEXT, events=many(TEXT), active=FLAG),
    "Delivery": has(
        id=id_of("attempt"),
        deliveryId={**TEXT, "description": "By which the receiver knows it: the same on every attempt."},
        event=TEXT,
        status=one_of(("WAITING", "DELIVERED", "FAILED", "DEAD")),
        attempt=COUNT,
        request=has(url=TEXT, body=FREE),
        response=maybe(has(status=COUNT, body=maybe(TEXT))),
        error=maybe(TEXT),
        durationMs=maybe(COUNT),
        createdAt=MOMENT,
        nextRetryAt=maybe(MOMENT),
    ),
}
