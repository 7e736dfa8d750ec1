"""Write down how deliveries went, and when to try the failed ones again."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F

from activity.services import record
from core.actors import system
from core.metrics import DELIVERIES
from governance.models import Alert
from governance.services.alerts import Trouble, open_alert
from webhooks.models import Delivery, Webhook
from webhooks.posting import Outcome

from .managing import changed
from .queueing import waiting

DELAYS = (30, 300, 1800, 7200, 28_800)
JITTER = 0.2
HISTORY = 200
NO_ANSWER = -1
# Deliveries in a row that failed for good, in the v1 dialect.
EXHAUSTED = 5
V1 = Webhook.Dialect.V1


@transaction.atomic
def settle(outcomes: Sequence[tuple[int, Outcome]], *, now: datetime) -> None:
    """Store the outcomes of claimed deliveries. One that was settled meanwhile, or removed, stays as it is."""
    known = dict(outcomes)
    rows = Delivery.objects.filter(pk__in=known, is_done=False).select_related("webhook").order_by("pk")
    touched = set()
    for row in rows:
        outcome = known[row.pk]
        if finish(row, outcome, now=now):
            _count_failures(row, outcome, now=now)
            touched.add(row.webhook_id)
    for webhook_id in touched:
        forget_old(webhook_id)


def finish(row: Delivery, outcome: Outcome, *, now: datetime) -> bool:
    """Turn a waiting row into history; false when somebody else was faster."""
    began = now - timedelta(milliseconds=outcome.duration_ms)
    finished = Delivery.objects.filter(pk=row.pk, is_done=False).update(
        is_done=True,
        created_at=began,
        claimed_until=None,
        due_at=None,
        status_code=outcome.status,
        response_body=outcome.body,
        error=outcome.error,
        duration_ms=outcome.duration_ms,
    )
    if finished:
        tally = "successful_deliveries" if outcome.success else "failed_deliveries"
        DELIVERIES.labels("delivered" if outcome.success else "failed").observe(outcome.duration_ms / 1000)
        status = NO_ANSWER if outcome.status is None else outcome.status
        Webhook.objects.filter(pk=row.webhook_id).update(
            **{tally: F(tally) + 1}, last_fired_at=began, last_status=status
        )
    return bool(finished)


def _count_failures(row: Delivery, outcome: Outcome, *, now: datetime) -> None:
    """Automatic deliveries alone count: they try again, and in the end switch the webhook off. Each attempt counts;
    in the v1 dialect, each delivery that failed for good."""
    webhook = Webhook.objects.filter(pk=row.webhook_id)
    if outcome.success:
        webhook.exclude(consecutive_failures=0).update(consecutive_failures=0)
        return
    is_v1 = row.webhook.dialect == V1
    retries, most = (
        (len(DELAYS), EXHAUSTED) if is_v1 else (settings.WEBHOOK_MAX_RETRIES - 1, settings.WEBHOOK_MAX_RETRIES)
    )
    goes_on = row.attempt < retries
    if not (is_v1 and goes_on):
        webhook.update(consecutive_failures=F("consecutive_failures") + 1)
    if goes_on:
        _try_again(row, now=now)
    elif webhook.filter(consecutive_failures__gte=most, enabled=True).update(enabled=False):
        record(changed(row.webhook, system(row.workspace_id)), at=now)
        if is_v1:
            _alert(row.webhook, outcome, now=now)


def _alert(webhook: Webhook, outcome: Outcome, *, now: datetime) -> None:
    trouble = Trouble(
        "WEBHOOK_DISABLED",
        Alert.Severity.WARNING,
        f"A webhook was switched off: {webhook.name}",
        f"{EXHAUSTED} deliveries in a row failed for good, the last with {outcome.error or outcome.status}.",
        metadata={"webhookId": f"webhook_{webhook.pk}"},
    )
    open_alert(trouble=trouble, actor=system(webhook.workspace_id), now=now)


def _try_again(row: Delivery, *, now: datetime) -> None:
    delay = DELAYS[min(row.attempt, len(DELAYS) - 1)] * random.uniform(1 - JITTER, 1 + JITTER)
    due_at = now + timedelta(seconds=delay)
    again = waiting(
        row.webhook,
        row.event_type,
        row.payload,
        due_at=due_at,
        now=now,
        attempt=row.attempt + 1,
        is_retry=True,
        parent_delivery_id=row.pk,
    )
    again.save()
    Delivery.objects.filter(pk=row.pk).update(next_retry_at=due_at)


def forget_old(webhook_id: int) -> None:
    """Keep the newest of the history."""
    history = Delivery.objects.filter(webhook_id=webhook_id).done()
    old = list(history.values_list("pk", flat=True)[HISTORY : HISTORY + 500])
    if old:
        Delivery.objects.filter(pk__in=old).delete()
