"""Answers of token statistics, as JSON Schema."""

from __future__ import annotations

from api.schemas import NUMBER, TEXT, WHOLE, Schema, each, has, many, maybe

from .answers import TOKEN_RECORD

STATS = has(
    totalTokens=WHOLE, totalCost=NUMBER, requestCount=WHOLE, avgTokensPerRequest=WHOLE, avgCostPerRequest=NUMBER
)
TIMELINE = many(has(date=TEXT, cost=NUMBER, tokens=WHOLE))
WITH_TASKS = has(stats=STATS, taskCount=WHOLE, taskIds=many(WHOLE))
FRAME = {"timeframe": TEXT, "recordCount": WHOLE}
TASK_LINE = has(
    taskId=WHOLE,
    title=TEXT,
    status=TEXT,
    priority=TEXT,
    assignedTo=maybe(TEXT),
    project=has(id=WHOLE, name=TEXT, slug=TEXT, ticketRef=TEXT),
    stats=STATS,
    models=each(STATS),
    timeline=TIMELINE,
)
# One of these, after the action.
TOKENS: Schema = {
    "anyOf": [
        has(usage=many(TOKEN_RECORD), total=WHOLE, timeframe=TEXT),
        has(summary=STATS, models=each(STATS), sessions=each(STATS), agents=each(STATS), **FRAME),
        has(
            agents=each(has(stats=STATS, models=each(STATS), sessions=many(TEXT), timeline=TIMELINE)),
            **FRAME,
        ),
        has(
            summary=STATS,
            tasks=many(TASK_LINE),
            agents=each(WITH_TASKS),
            projects=each(WITH_TASKS),
            unattributed=STATS,
            attributedRecordCount=WHOLE,
            **FRAME,
        ),
        has(usage=many(TOKEN_RECORD), summary=STATS, models=each(STATS), sessions=each(STATS)),
        has(trends=many(has(timestamp=TEXT, tokens=WHOLE, cost=NUMBER, requests=WHOLE)), timeframe=TEXT),
    ]
}
BY_AGENT = has(
    agents=many(
        has(
            agent=TEXT,
            total_input_tokens=WHOLE,
            total_output_tokens=WHOLE,
            total_tokens=WHOLE,
            total_cost=NUMBER,
            session_count=WHOLE,
            request_count=WHOLE,
            last_active=TEXT,
            models=many(has(model=TEXT, input_tokens=WHOLE, output_tokens=WHOLE, request_count=WHOLE, cost=NUMBER)),
        )
    ),
    summary=has(total_cost=NUMBER, total_tokens=WHOLE, agent_count=WHOLE, days=WHOLE),
)
