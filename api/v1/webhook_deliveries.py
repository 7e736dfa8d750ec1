"""What became of the deliveries of a webhook, and what administrators do about it: test, retry, replay."""

from __future__ import annotations

from typing import Any

import orjson
from django.db.models import Q
from rest_framework.request import Request
from rest_framework.response import Response

from api.schemas import FLAG, has, many, maybe
from core.errors import Invalid, NotFound
from webhooks.models import Delivery
from webhooks.services import ping, replay, send_again

from .body import Moment, Shape
from .docs.schema import COUNT, MOMENT, one_of, ref
from .docs.words import PAGED, describe
from .ids import row_id, shown
from .listing import page_of, word
from .out import moment
from .telling import happenings
from .webhooks import WebhookView

STATES: dict[str, Q] = {
    "WAITING": Q(is_done=False),
    "DELIVERED": Q(is_done=True, status_code__gte=200, status_code__lt=300),
    "FAILED": Q(is_done=True, is_dead=False) & ~Q(status_code__gte=200, status_code__lt=300, status_code__isnull=False),
    "DEAD": Q(is_dead=True),
}


def state_of(row: Delivery) -> str:
    if not row.is_done:
        return "WAITING"
    if row.status_code is not None and 200 <= row.status_code < 300:
        return "DELIVERED"
    return "DEAD" if row.is_dead else "FAILED"


def delivery_out(row: Delivery) -> dict[str, Any]:
    answered = row.status_code is not None
    return {
        "id": shown("attempt", row.pk),
        "deliveryId": row.message_id or f"delivery_{row.pk}",
        "event": row.event_type,
        "status": state_of(row),
        "attempt": row.attempt + 1,
        "request": {"url": row.webhook.url, "body": orjson.loads(row.payload)},
        "response": {"status": row.status_code, "body": row.response_body} if answered else None,
        "error": row.error,
        "durationMs": row.duration_ms if row.is_done else None,
        "createdAt": moment(row.created_at),
        "nextRetryAt": moment(row.next_retry_at if row.is_done else row.due_at),
    }


class WebhookDeliveries(WebhookView):
    route = "webhook-deliveries"

    @describe(
        "What a webhook was sent and what waits for it, the newest first.",
        query={"status": one_of(STATES), **PAGED},
        answers={200: has(deliveries=many(ref("Delivery")), total=COUNT, hasMore=FLAG)},
    )
    def get(self, request: Request, id: str) -> Response:
        page, state = page_of(request.query_params), word(request.query_params, "status", STATES, "")
        rows = Delivery.objects.filter(STATES[state] if state else Q(), webhook=self.found(id))
        total = rows.count()
        found = list(rows.select_related("webhook").order_by("-id")[page.offset : page.offset + page.limit])
        more = page.has_more(len(found), total)
        return Response({"deliveries": [delivery_out(row) for row in found], "total": total, "hasMore": more})


class WebhookTest(WebhookView):
    route = "webhook-test"

    @describe("Send a test event and wait for what comes of it.", answers={200: has(delivery=ref("Delivery"))})
    def post(self, request: Request, id: str) -> Response:
        _, row = ping(webhook=self.found(id), actor=self.actor, now=self.now)
        return Response({"delivery": delivery_out(row)})


class DeliveryRetry(WebhookView):
    route = "webhook-retry"

    @describe("Send a delivery once more and wait for what comes of it.", answers={200: has(delivery=ref("Delivery"))})
    def post(self, request: Request, id: str, attempt: str) -> Response:
        sent = Delivery.objects.filter(webhook=self.found(id), is_done=True).select_related("webhook")
        row = sent.filter(pk=row_id("attempt", attempt)).first()
        if row is None:
            raise NotFound(f"There is no attempt {attempt[:80]}")
        _, again = send_again(delivery=row, actor=self.actor, now=self.now)
        return Response({"delivery": delivery_out(again)})


class Span(Shape):
    since: Moment
    until: Moment | None = None


class WebhookReplay(WebhookView):
    route = "webhook-replay"

    @describe(
        "Tell once more what happened in a span of time, each event with the id that it had before.",
        body=Span,
        answers={201: has(queued=COUNT, endedAt=maybe(MOMENT))},
    )
    def post(self, request: Request, id: str) -> Response:
        want, row = self.read(Span), self.found(id)
        until = want.until or self.now
        if until <= want.since:
            raise Invalid.fields("until: must be later than since")
        made = replay(
            webhook=row, actor=self.actor, now=self.now, since=want.since, until=until, reading=happenings
        )  # fmt: skip
        return Response({"queued": made.queued, "endedAt": moment(made.ended_at)}, status=201)
