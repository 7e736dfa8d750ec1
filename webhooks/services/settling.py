"""Write down how deliveries went, and when to try the failed ones again."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from activity.services import record
from core.actors import system
from core.metrics import DELIVERIES
from core.rows import ask, insert
from core.rows import places as marks
from governance.models import Alert
from governance.services.alerts import Trouble, open_alert
from webhooks.models import Delivery, Webhook
from webhooks.posting import Outcome
from webhooks.targets import told

from . import breaker
from .claiming import release
from .fronts import TABLE, WEBHOOKS
from .managing import changed
from .queueing import waiting
from .storing import write

DELAYS = (30, 300, 1800, 7200, 28_800)
JITTER = 0.2
HISTORY = 200
NO_ANSWER = -1
# The endpoint says that it is no more.
GONE = 410
# Deliveries in a row that failed for good, in the v1 dialect.
EXHAUSTED = 5
V1 = Webhook.Dialect.V1
# What the outcome of a request changes.
OF_DELIVERY = (
    "is_done", "is_dead", "created_at", "claimed_until", "due_at", "status_code", "response_body", "error",
    "duration_ms", "next_retry_at",
)  # fmt: skip
OF_WEBHOOK = (
    "enabled", "consecutive_failures", "successful_deliveries", "failed_deliveries", "last_fired_at", "last_status",
    "strikes", "paused_until",
)  # fmt: skip


@transaction.atomic
def settle(outcomes: Sequence[tuple[int, Outcome]], *, now: datetime, unsent: Iterable[int] = ()) -> None:
    """Store the outcomes of claimed deliveries, as they came back, and give back what was not sent. One that was
    settled meanwhile, or removed, stays as it is."""
    release(unsent)
    claimed = Delivery.objects.filter(pk__in=[id for id, _ in outcomes], is_done=False)
    webhooks = locked(claimed.values_list("webhook_id", flat=True))
    rows = {row.pk: row for row in claimed if row.webhook_id in webhooks}
    again: list[Delivery] = []
    for id, outcome in outcomes:
        if id in rows and not rows[id].is_done:
            row, webhook = rows[id], webhooks[rows[id].webhook_id]
            finish(row, webhook, outcome, now=now)
            again += _judge(row, webhook, outcome, now=now)
    insert(again)
    write(list(rows.values()), OF_DELIVERY)
    write(list(webhooks.values()), OF_WEBHOOK)
    forget_old(webhooks.values())


def locked(ids: Iterable[int]) -> dict[int, Webhook]:
    """These webhooks as they are now, and until the end of the transaction."""
    rows = Webhook.objects.select_for_update(no_key=True).filter(pk__in=set(ids)).defer("events").order_by("pk")
    return {row.pk: row for row in rows}


def finish(row: Delivery, webhook: Webhook, outcome: Outcome, *, now: datetime) -> None:
    """Turn what was sent into history. Nothing is stored yet."""
    began = now - timedelta(milliseconds=outcome.duration_ms)
    row.is_done, row.claimed_until, row.due_at, row.created_at = True, None, None, began
    row.status_code, row.response_body, row.error = outcome.status, outcome.body, outcome.error
    row.duration_ms = outcome.duration_ms
    DELIVERIES.labels("delivered" if outcome.success else "failed").observe(outcome.duration_ms / 1000)
    webhook.successful_deliveries += outcome.success
    webhook.failed_deliveries += not outcome.success
    webhook.last_fired_at = began
    webhook.last_status = NO_ANSWER if outcome.status is None else outcome.status


def _judge(row: Delivery, webhook: Webhook, outcome: Outcome, *, now: datetime) -> list[Delivery]:
    """Automatic deliveries alone count: they try again, and in the end switch the webhook off. Each attempt counts;
    in the v1 dialect, each delivery that failed for good."""
    if outcome.success:
        webhook.consecutive_failures = 0
        breaker.close(webhook)
        return []
    breaker.strike(webhook, outcome, now=now)
    is_v1, attempts = webhook.dialect == V1, settings.WEBHOOK_MAX_RETRIES
    retries, most = (len(DELAYS), EXHAUSTED) if is_v1 else (attempts - 1, attempts)
    goes_on = row.attempt < retries and outcome.status != GONE
    if not (is_v1 and goes_on):
        webhook.consecutive_failures += 1
    if goes_on:
        return [_next_try(row, webhook, outcome, now=now)]
    row.is_dead = True
    if webhook.enabled and (outcome.status == GONE or webhook.consecutive_failures >= most):
        _switch_off(webhook, outcome, now=now)
    return []


def _next_try(row: Delivery, webhook: Webhook, outcome: Outcome, *, now: datetime) -> Delivery:
    delay = DELAYS[min(row.attempt, len(DELAYS) - 1)] * random.uniform(1 - JITTER, 1 + JITTER)
    row.next_retry_at = now + timedelta(seconds=max(delay, outcome.retry_after))
    return waiting(
        webhook,
        row.event_type,
        row.payload,
        due_at=row.next_retry_at,
        now=now,
        event_id=row.event_id,
        request_id=row.request_id,
        traceparent=row.traceparent,
        message_id=row.message_id or f"delivery_{row.pk}",
        attempt=row.attempt + 1,
        is_retry=True,
        parent_delivery_id=row.pk,
    )


def _switch_off(webhook: Webhook, outcome: Outcome, *, now: datetime) -> None:
    webhook.enabled = False
    actor = system(webhook.workspace_id)
    record(changed(webhook, actor), at=now)
    if webhook.dialect != V1:
        return
    why = f"{EXHAUSTED} deliveries in a row failed for good, the last with {outcome.error or outcome.status}."
    if outcome.status == GONE:
        why = f"The endpoint answered {GONE}: it is no more."
    title = f"A webhook was switched off: {told(webhook.name)}"
    metadata = {"webhookId": f"webhook_{webhook.pk}"}
    trouble = Trouble("WEBHOOK_DISABLED", Alert.Severity.WARNING, title, why, metadata=metadata)
    open_alert(trouble=trouble, actor=actor, now=now)


def forget_old(webhooks: Iterable[Webhook]) -> None:
    """Keep the newest of each one's history; in the v1 dialect, what was given up as well. By hand, as the fronts."""
    ids = [each.pk for each in webhooks if each.successful_deliveries + each.failed_deliveries > HISTORY]
    if not ids:
        return
    old = (
        f"SELECT x.id FROM {TABLE} x WHERE x.webhook_id = w.id AND x.is_done"
        f" ORDER BY x.created_at DESC, x.id DESC LIMIT 500 OFFSET {HISTORY}"
    )
    text = (
        f"SELECT d.id FROM {WEBHOOKS} w JOIN {TABLE} d ON d.id IN ({old})"
        f" WHERE w.id IN ({marks(ids)}) AND NOT (d.is_dead AND w.dialect = %s)"
    )
    if forgotten := [id for (id,) in ask(text, [*ids, V1])]:
        Delivery.objects.filter(pk__in=forgotten).delete()
