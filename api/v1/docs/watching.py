"""The objects of answers about agents at work."""

from __future__ import annotations

from api.schemas import FLAG, TEXT, WHOLE, Schema, has, many, maybe
from transcripts.models import Delegation, Entry, SpawnRequest
from transcripts.services.telling import ACTIONS, ANSWERS

from .schema import MOMENT, SLUG, USER, id_of, one_of, ref

WATCHING: dict[str, Schema] = {
    "LogEntry": has(
        id=id_of("entry"),
        ts={**WHOLE, "description": "Unix milliseconds."},
        kind=one_of(Entry.Kind.values),
        text={**TEXT, "description": "Of a tool its input as JSON, of its result the result."},
        hidden=FLAG,
        tool=maybe(TEXT),
        toolUseId=maybe(TEXT),
        isError=FLAG,
        author=maybe({**TEXT, "description": "Who said it to the agent."}),
        sessionKey=maybe(TEXT),
        runId=maybe(id_of("run")),
    ),
    "Session": has(
        sessionKey=TEXT, sessionId=maybe(TEXT), runId=maybe(id_of("run")), startedAt=MOMENT, lastContactAt=MOMENT
    ),
    "TodoShown": has(content=TEXT, status=one_of(("pending", "in_progress", "completed"))),
    "Delegation": has(
        delegationId=TEXT,
        agentId=SLUG,
        toRole=TEXT,
        toAgentId=maybe(TEXT),
        status=one_of(Delegation.Status.values),
        createdAt=MOMENT,
        updatedAt=MOMENT,
        delegations=many(ref("Delegation")),
    ),
    "RunnerMessage": has(id=WHOLE, text=TEXT, author=TEXT, createdAt=MOMENT),
    "RunnerControl": has(
        id=WHOLE,
        action=one_of((*ACTIONS.values(), "RESTART", *ANSWERS.values())),
        reason=maybe(TEXT),
        requestId=maybe(id_of("spawn")),
        createdAt=MOMENT,
    ),
    "SpawnRequest": has(
        id=id_of("spawn"),
        agentId=SLUG,
        agents=many(has(name=TEXT, role=TEXT, task=TEXT)),
        reason=TEXT,
        status=one_of(SpawnRequest.Status.values),
        decidedBy=maybe(USER),
        decisionReason=maybe(TEXT),
        createdAt=MOMENT,
        expiresAt=MOMENT,
    ),
}
