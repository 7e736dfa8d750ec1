"""What `/api/webhooks` takes and gives, as JSON Schema."""

from __future__ import annotations

from api.schemas import FLAG, TEXT, WHOLE, Schema, has, many, maybe

WEBHOOK = has(
    id=WHOLE,
    name=TEXT,
    url=TEXT,
    secret=maybe(TEXT),
    events=many(TEXT),
    enabled=FLAG,
    last_fired_at=maybe(WHOLE),
    last_status=maybe(WHOLE),
    created_by=TEXT,
    created_at=WHOLE,
    updated_at=WHOLE,
    workspace_id=WHOLE,
    consecutive_failures=WHOLE,
    total_deliveries=WHOLE,
    successful_deliveries=WHOLE,
    failed_deliveries=WHOLE,
    circuit_open=FLAG,
)
DELIVERY = has(
    id=WHOLE,
    webhook_id=WHOLE,
    event_type=TEXT,
    payload=TEXT,
    status_code=maybe(WHOLE),
    response_body=maybe(TEXT),
    error=maybe(TEXT),
    duration_ms=WHOLE,
    created_at=WHOLE,
    attempt=WHOLE,
    next_retry_at=maybe(WHOLE),
    is_retry=WHOLE,
    parent_delivery_id=maybe(WHOLE),
    workspace_id=WHOLE,
    webhook_name=TEXT,
    webhook_url=TEXT,
)
WEBHOOKS = has(webhooks=many(WEBHOOK))
CREATED = has(
    id=WHOLE, name=TEXT, url=TEXT, secret=maybe(TEXT), events=many(TEXT), enabled=FLAG, message=TEXT
)  # fmt: skip
UPDATED = has("secret", "message", success=FLAG, secret=TEXT, message=TEXT)
DELETED = has(success=FLAG, deleted=WHOLE)
DELIVERIES = has(deliveries=many(DELIVERY), total=WHOLE)
RESULT = has(
    success=FLAG,
    status_code=maybe(WHOLE),
    response_body=maybe(TEXT),
    error=maybe(TEXT),
    duration_ms=WHOLE,
    delivery_id=WHOLE,
)
VERIFICATION = has(
    algorithm=TEXT, header=TEXT, format=TEXT, description=TEXT, verification_steps=many(TEXT), example_nodejs=TEXT
)

CHANGE: Schema = has(
    "name", "url", "events", "enabled", "regenerate_secret", "reset_circuit",
    id=WHOLE, name=TEXT, url=TEXT, events=many(TEXT), enabled=FLAG, regenerate_secret=FLAG, reset_circuit=FLAG,
)  # fmt: skip
ONE = has(id=WHOLE)
ONE_DELIVERY = has(delivery_id=WHOLE)
SPAN: Schema = has("until", id=WHOLE, since=WHOLE, until=WHOLE)
REPLAYED = has(success=FLAG, queued=WHOLE, ended_at=maybe(WHOLE))
