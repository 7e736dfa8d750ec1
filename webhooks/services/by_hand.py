"""Deliveries that a person asks for, and waits for: a test, and one more try. Neither counts as a failure."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db import transaction

from core.actors import Actor
from core.rows import find
from webhooks import signing
from webhooks.models import Delivery, Webhook
from webhooks.posting import Outcome, post_now

from .claiming import request_of
from .queueing import waiting
from .settling import OF_WEBHOOK, finish, forget_old
from .storing import write

PING = "test.ping"
GREETING = "Mission Control sent this to test the webhook."


def find_delivery(*, actor: Actor, id: int | None) -> Delivery:
    finished = Delivery.objects.filter(workspace_id=actor.workspace_id, is_done=True).select_related("webhook")
    return find(finished, id, "Delivery not found")


def ping(*, webhook: Webhook, actor: Actor, now: datetime) -> tuple[Outcome, Delivery]:
    """Also for a webhook that is switched off, and whatever it listens to."""
    data = {
        "message": GREETING,
        "webhook_id": webhook.pk,
        "webhook_name": webhook.name,
        "triggered_by": actor.username,
    }
    id = f"delivery_{uuid.uuid4().hex}"
    payload = signing.payload_of(PING, data, at=now, id=id, dialect=webhook.dialect)
    return _send(waiting(webhook, PING, payload, due_at=now, now=now, message_id=id), webhook, now=now)


def send_again(*, delivery: Delivery, actor: Actor, now: datetime) -> tuple[Outcome, Delivery]:
    """The same event once more, whether it got through or not."""
    again = waiting(
        delivery.webhook,
        delivery.event_type,
        signing.stamped_again(delivery.payload, at=now, dialect=delivery.webhook.dialect),
        due_at=now,
        now=now,
        event_id=delivery.event_id,
        request_id=delivery.request_id,
        traceparent=delivery.traceparent,
        message_id=delivery.message_id or f"delivery_{delivery.pk}",
        attempt=delivery.attempt + 1,
        is_retry=True,
        parent_delivery_id=delivery.pk,
    )
    return _send(again, delivery.webhook, now=now)


def _send(delivery: Delivery, webhook: Webhook, *, now: datetime) -> tuple[Outcome, Delivery]:
    """Outside of any transaction: an endpoint takes its time. Nothing is stored before there is an outcome."""
    outcome = post_now(request_of(webhook, delivery, now=now))
    with transaction.atomic():
        # Somebody may have removed it meanwhile; who wants to do so now waits.
        webhook = find(Webhook.objects.select_for_update(no_key=True), webhook.pk, "Webhook not found")
        finish(delivery, webhook, outcome, now=now + timedelta(milliseconds=outcome.duration_ms))
        delivery.save()
        write([webhook], OF_WEBHOOK)
        forget_old([webhook])
    return outcome, delivery
