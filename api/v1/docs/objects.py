"""The objects of answers, under their names among the components of the document."""

from __future__ import annotations

from typing import get_args

from agents.models import Mandate
from api.schemas import FLAG, FREE, NUMBER, TEXT, WHOLE, Schema, has, many, maybe
from api.v1.out import ACTOR_TYPES
from api.v1.pieces import Kind
from governance.states import STATUSES
from tasks.models import Comment, Document, Task
from tokens.models import Run, ToolCall

from .rules import RULES
from .schema import COUNT, MOMENT, SLUG, USER, id_of, one_of, ref
from .watching import WATCHING

STATUS, TYPE = one_of(STATUSES), one_of(Task.Type.values)
RISK = one_of(ToolCall.Risk.values)
ROLE = one_of(Mandate.Autonomy.values)
ARTIFACT_TYPE = one_of(Document.Type.values)
LOOPS = ("COMMENT_FLOOD", "REVIEW_CYCLES", "AGENT_PING_PONG", "TOOL_RETRY_LOOP")
CREATED = {"createdAt": MOMENT}

WORK = {
    "Statuses": many(STATUS),
    "LoopType": one_of(LOOPS),
    "WorkPlanShown": has(
        bullets=many(TEXT),
        estimatedCost=maybe(NUMBER),
        estimatedDuration=maybe(TEXT),
        dependencies=many(TEXT),
    ),
    "ArtifactShown": has(
        "contentTruncated",
        name=TEXT,
        type=ARTIFACT_TYPE,
        content=maybe(TEXT),
        url=maybe(TEXT),
        mimeType=maybe(TEXT),
        documentId=maybe(id_of("doc")),
        sizeBytes=maybe(COUNT),
        checksum=maybe({**TEXT, "description": "SHA-256 in hexadecimal digits."}),
        contentTruncated={**FLAG, "description": "In lists, where the content is cut to 2000 characters."},
    ),
    "DeliverableShown": has(
        "contentTruncated",
        content=TEXT,
        summary=maybe(TEXT),
        artifacts=many(ref("ArtifactShown")),
        contentTruncated=FLAG,
    ),
    "ReviewChecklistShown": has(
        "completedAt",
        "completedBy",
        type=one_of(get_args(Kind)),
        items=many(has(label=TEXT, checked=FLAG, note=maybe(TEXT), verifiedBy=maybe(TEXT), verifiedAt=maybe(TEXT))),
        notes=maybe(TEXT),
        completedAt=MOMENT,
        completedBy={**TEXT, "description": "An agent's id, or `user_3`."},
    ),
    "Task": has(
        id=id_of("task"),
        title=TEXT,
        description=maybe(TEXT),
        type=TYPE,
        status=STATUS,
        priority={"type": "integer", "minimum": 1, "maximum": 4, "description": "1 is the most urgent."},
        creatorAgentId=maybe(SLUG),
        creatorUserId=maybe(USER),
        assigneeIds=many(SLUG),
        reviewerId=maybe(SLUG),
        parentTaskId=maybe(id_of("task")),
        workPlan=maybe(ref("WorkPlanShown")),
        deliverable=maybe(ref("DeliverableShown")),
        reviewChecklist=maybe(ref("ReviewChecklistShown")),
        reviewCycles=COUNT,
        estimatedCost=maybe(NUMBER),
        actualCost=NUMBER,
        costSummary=maybe(has(totalCost=NUMBER, runCount=COUNT, tokenCount=COUNT)),
        completion=maybe(
            has(
                approvalId=maybe(id_of("approval")),
                approvedBy=maybe(TEXT),
                approvedAt=MOMENT,
                decisionNote=maybe(TEXT),
            )
        ),
        blockedReason=maybe(TEXT),
        resumeStatus=maybe(STATUS),
        dueAt=maybe(MOMENT),
        startedAt=maybe(MOMENT),
        submittedAt=maybe(MOMENT),
        completedAt=maybe(MOMENT),
        labels=many(TEXT),
        metadata=FREE,
        redactedFields=many(TEXT),
        createdAt=MOMENT,
        updatedAt=MOMENT,
    ),
    "TaskTransition": has(
        id=id_of("trans"),
        taskId=id_of("task"),
        fromStatus=maybe(STATUS),
        toStatus=STATUS,
        actorType=one_of(sorted({*ACTOR_TYPES.values(), "SYSTEM"})),
        actorAgentId=maybe(SLUG),
        actorUserId=maybe(USER),
        reason=maybe(TEXT),
        sessionKey=maybe(TEXT),
        validationResult=has(valid=FLAG, errors=many(TEXT)),
        artifactsSnapshot=has(
            "workPlan",
            "deliverable",
            "reviewChecklist",
            workPlan=ref("WorkPlanShown"),
            deliverable=ref("DeliverableShown"),
            reviewChecklist=ref("ReviewChecklistShown"),
        ),
        **CREATED,
    ),
    "Message": has(
        id=id_of("msg"),
        taskId=id_of("task"),
        authorAgentId=maybe(SLUG),
        authorUserId=maybe(USER),
        type=one_of(Comment.Type.values),
        content=TEXT,
        artifacts=many(ref("ArtifactShown")),
        mentions=many(SLUG),
        replyToId=maybe(id_of("msg")),
        metadata=FREE,
        redactedFields=many(TEXT),
        createdAt=MOMENT,
        editedAt=maybe(MOMENT),
    ),
    "Document": has(
        id=id_of("doc"),
        taskId=maybe(id_of("task")),
        agentId=maybe(SLUG),
        name=TEXT,
        type=ARTIFACT_TYPE,
        mimeType=TEXT,
        content=maybe(TEXT),
        storageUrl=maybe(TEXT),
        sizeBytes=maybe(COUNT),
        checksum=maybe(TEXT),
        isRedacted=FLAG,
        redactionNote=maybe(TEXT),
        version={"type": "integer", "minimum": 1},
        previousVersionId=maybe(id_of("doc")),
        **CREATED,
    ),
}
BUDGET = has(daily=NUMBER, spentToday=NUMBER, remaining=NUMBER, perRunCap=NUMBER)
FLEET = {
    "Agent": has(
        id=SLUG,
        name=TEXT,
        emoji=maybe(TEXT),
        role=ROLE,
        status=one_of(Mandate.Control.values),
        health=maybe(one_of(Mandate.Health.values)),
        workspacePath=TEXT,
        soulVersionHash=maybe(TEXT),
        allowedTaskTypes=many(TYPE),
        allowedTools=many(TEXT),
        budgetDaily=NUMBER,
        budgetPerRun=NUMBER,
        spendToday=NUMBER,
        spendResetAt=MOMENT,
        canSpawn=FLAG,
        maxSubAgents=COUNT,
        parentAgentId=maybe(SLUG),
        currentTaskId=maybe(id_of("task")),
        lastHeartbeatAt=maybe(MOMENT),
        lastError=maybe(TEXT),
        errorStreak=COUNT,
        statusReason=maybe(TEXT),
        statusUntil=maybe(MOMENT),
        metadata=FREE,
        createdAt=MOMENT,
        updatedAt=MOMENT,
    ),
    "Budget": BUDGET,
    "Run": has(
        id=id_of("run"),
        agentId=SLUG,
        taskId=maybe(id_of("task")),
        sessionKey=TEXT,
        model=TEXT,
        startedAt=MOMENT,
        endedAt=maybe(MOMENT),
        durationMs=maybe(WHOLE),
        inputTokens=COUNT,
        outputTokens=COUNT,
        cacheReadTokens=COUNT,
        cacheWriteTokens=COUNT,
        costUsd=NUMBER,
        costSource=one_of(Run.CostSource.values),
        status=one_of(Run.Status.values),
        error=maybe(TEXT),
        metadata=FREE,
        **CREATED,
    ),
    "ToolCall": has(
        id=id_of("tool"),
        runId=id_of("run"),
        agentId=SLUG,
        taskId=maybe(id_of("task")),
        toolName=TEXT,
        toolVersion=maybe(TEXT),
        riskLevel=RISK,
        policyResult=maybe(
            has(decision=one_of(("ALLOW", "DENY", "NEEDS_APPROVAL")), reason=maybe(TEXT), approvalId=maybe(TEXT))
        ),
        inputPreview=maybe(TEXT),
        outputPreview=maybe(TEXT),
        inputHash=maybe(TEXT),
        outputHash=maybe(TEXT),
        startedAt=MOMENT,
        endedAt=maybe(MOMENT),
        durationMs=maybe(WHOLE),
        status=one_of(ToolCall.Status.values),
        error=maybe(TEXT),
        retryCount=COUNT,
        redactedFields=many(TEXT),
        **CREATED,
    ),
    "BudgetWarning": has(type=one_of(("APPROACHING_LIMIT", "EXCEEDED")), remaining=NUMBER, message=TEXT),
}
OBJECTS: dict[str, Schema] = {**WORK, **FLEET, **RULES, **WATCHING}
