"""Webhooks: endpoints that are told what happens, and what became of each telling."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.clock import LAST_SECOND, seconds
from core.errors import Invalid
from core.ids import LARGEST_ID
from realtime.readers import happenings
from realtime.wire.legacy_in import id_in
from webhooks import addresses, services, signing
from webhooks.models import Delivery, Webhook, every_event
from webhooks.posting import Outcome

from . import answers_webhooks as answers
from .base import LegacyView, whole
from .docs import describe
from .fields import Flag, Items, Shape, Text

SHOWN_ONCE = "Keep this secret now: it is not shown again."
NO_SECRET = "The webhook was added without a secret: its requests are not signed."
EXAMPLE = """const crypto = require("node:crypto");

function isGenuine(rawBody, header, secret) {
  const wanted = "sha256=" + crypto.createHmac("sha256", secret).update(rawBody).digest("hex");
  const [a, b] = [Buffer.from(wanted), Buffer.from(header || "")];
  return a.length === b.length && crypto.timingSafeEqual(a, b);
}
"""


class Url(Text):
    def to_internal_value(self, data: object) -> str:
        text = super().to_internal_value(data)
        if not addresses.is_url(text):
            raise serializers.ValidationError("Invalid URL")
        return text


class WebhookFields(Shape):
    name = Text(1, 200, required=True)
    url = Url(required=True)
    events = Items(Text(1, 200), 0, 50)
    generate_secret = Flag()


CREATE = WebhookFields()


class Webhooks(LegacyView):
    route = "webhooks"
    limited = frozenset({"POST", "PUT", "DELETE"})

    @describe("Webhooks, newest first.", answers={200: answers.WEBHOOKS})
    def get(self, request: Request) -> Response:
        rows = Webhook.objects.in_workspace(self.actor.workspace_id).order_by("-created_at", "-id")
        return Response({"webhooks": [_listed(row) for row in rows]})

    @describe("Add a webhook; its secret is shown this once.", body=WebhookFields, answers={200: answers.CREATED})
    def post(self, request: Request) -> Response:
        want = self.read(CREATE)
        row = services.create_webhook(
            actor=self.actor,
            now=self.now,
            name=want["name"],
            url=want["url"],
            events=want.get("events", every_event()),
            with_secret=want.get("generate_secret", True),
        )
        message = SHOWN_ONCE if row.secret else NO_SECRET
        made = {"id": row.pk, "name": row.name, "url": row.url, "secret": row.secret, "events": row.events}
        return Response({**made, "enabled": True, "message": message})

    @describe("Change a webhook; omitted fields keep their value.", body=answers.CHANGE, answers={200: answers.UPDATED})
    def put(self, request: Request) -> Response:
        sent = self.sent_object()
        row = self._named(sent)
        new_secret = bool(sent.get("regenerate_secret"))
        row = services.update_webhook(
            webhook=row,
            actor=self.actor,
            now=self.now,
            changes=_changes(sent),
            new_secret=new_secret,
            reset_circuit=bool(sent.get("reset_circuit")),
        )
        told = {"secret": row.secret, "message": SHOWN_ONCE} if new_secret else {}
        return Response({"success": True, **told})

    @describe("Remove a webhook with its deliveries.", body=answers.ONE, answers={200: answers.DELETED})
    def delete(self, request: Request) -> Response:
        row = self._named(self.sent_object("Request body required"))
        services.delete_webhook(webhook=row, actor=self.actor, now=self.now)
        return Response({"success": True, "deleted": 1})

    def _named(self, sent: dict[str, Any]) -> Webhook:
        if not sent.get("id"):
            raise Invalid("Webhook ID is required")
        return services.find_webhook(actor=self.actor, id=id_in(sent["id"]))


class WebhookTest(LegacyView):
    route = "webhook-test"

    @describe("Send a test event and wait for what comes of it.", body=answers.ONE, answers={200: answers.RESULT})
    def post(self, request: Request) -> Response:
        sent = self.sent_object()
        if not sent.get("id"):
            raise Invalid("Webhook ID is required")
        webhook = services.find_webhook(actor=self.actor, id=id_in(sent["id"]))
        return Response(_result(*services.ping(webhook=webhook, actor=self.actor, now=self.now)))


class WebhookRetry(LegacyView):
    route = "webhook-retry"

    @describe(
        "Send a delivery once more and wait for what comes of it.",
        body=answers.ONE_DELIVERY,
        answers={200: answers.RESULT},
    )
    def post(self, request: Request) -> Response:
        sent = self.sent_object()
        if not sent.get("delivery_id"):
            raise Invalid("delivery_id is required")
        delivery = services.find_delivery(actor=self.actor, id=id_in(sent["delivery_id"]))
        return Response(_result(*services.send_again(delivery=delivery, actor=self.actor, now=self.now)))


class WebhookReplay(LegacyView):
    route = "webhook-replay"
    limited = frozenset({"POST"})

    @describe(
        "Send once more what happened in a span of time.", body=answers.SPAN, answers={200: answers.REPLAYED}
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        sent = self.sent_object()
        if not sent.get("id"):
            raise Invalid("Webhook ID is required")
        webhook = services.find_webhook(actor=self.actor, id=id_in(sent["id"]))
        since, until = _stamp(sent, "since"), _stamp(sent, "until", int(self.now.timestamp()) + 1)
        if webhook.dialect != Webhook.Dialect.LEGACY:
            raise Invalid(f"This webhook is replayed at /api/v1/webhooks/webhook_{webhook.pk}/replay")
        made = services.replay(
            webhook=webhook, actor=self.actor, now=self.now, since=since, until=until, reading=happenings
        )  # fmt: skip
        return Response({"success": True, "queued": made.queued, "ended_at": seconds(made.ended_at)})


def _stamp(sent: dict[str, Any], name: str, default: int | None = None) -> datetime:
    value = sent.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LAST_SECOND:
        raise Invalid(details=[f"{name}: Invalid input"])
    return datetime.fromtimestamp(value, UTC)


class WebhookDeliveries(LegacyView):
    route = "webhook-deliveries"

    @describe(
        "What was sent, newest first.", query=("webhook_id",), paged=True, answers={200: answers.DELIVERIES}
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        limit, offset = self.page()
        rows = Delivery.objects.filter(workspace_id=self.actor.workspace_id).done()
        if text := self.query("webhook_id"):
            webhook_id = whole(text, 0)
            rows = rows.filter(webhook_id=webhook_id) if 0 < webhook_id <= LARGEST_ID else rows.none()
        shown = rows.select_related("webhook")[offset : offset + limit] if limit else ()
        return Response({"deliveries": [_delivery(row) for row in shown], "total": rows.count()})


class WebhookVerification(LegacyView):
    route = "webhook-verify-docs"

    @describe("How a receiver checks who sent a request.", answers={200: answers.VERIFICATION})
    def get(self, request: Request) -> Response:
        return Response(
            {
                "algorithm": signing.ALGORITHM,
                "header": signing.SIGNATURE,
                "format": signing.FORMAT,
                "description": "Every request of a webhook with a secret is signed over its raw body.",
                "verification_steps": [
                    "Read the raw request body before parsing it.",
                    f"Take the signature from the {signing.SIGNATURE} header.",
                    "Compute HMAC-SHA256 over the raw body, with the webhook's secret as the key.",
                    "Write the digest in lower-case hexadecimal and put sha256= in front.",
                    "Compare it with the header in constant time; different lengths never match.",
                    "Refuse the request unless they are equal.",
                ],
                "example_nodejs": EXAMPLE,
            }
        )


def _changes(sent: dict[str, Any]) -> dict[str, Any]:
    """The columns that a PUT names. Nothing but the address was ever checked; what no column can hold is refused."""
    changes: dict[str, Any] = {}
    if "url" in sent:
        if not isinstance(sent["url"], str) or not addresses.is_url(sent["url"]):
            raise Invalid("Invalid URL")
        changes["url"] = sent["url"]
    if "name" in sent:
        if not isinstance(sent["name"], str):
            raise Invalid(details=["name: Invalid input"])
        changes["name"] = sent["name"]
    if "events" in sent:
        events = sent["events"]
        if not isinstance(events, list) or not all(isinstance(event, str) for event in events):
            raise Invalid(details=["events: Invalid input"])
        changes["events"] = events
    if "enabled" in sent:
        changes["enabled"] = bool(sent["enabled"])
    return changes


def _listed(row: Webhook) -> dict[str, Any]:
    return {
        "id": row.pk,
        "name": row.name,
        "url": row.url,
        "secret": f"••••••{row.secret[-4:]}" if row.secret else None,
        "events": row.events,
        "enabled": row.enabled,
        "last_fired_at": seconds(row.last_fired_at),
        "last_status": row.last_status,
        "created_by": row.created_by,
        "created_at": seconds(row.created_at),
        "updated_at": seconds(row.updated_at),
        "workspace_id": row.workspace_id,
        "consecutive_failures": row.consecutive_failures,
        "total_deliveries": row.successful_deliveries + row.failed_deliveries,
        "successful_deliveries": row.successful_deliveries,
        "failed_deliveries": row.failed_deliveries,
        "circuit_open": row.consecutive_failures >= settings.WEBHOOK_MAX_RETRIES,
    }


def _delivery(row: Delivery) -> dict[str, Any]:
    return {
        "id": row.pk,
        "webhook_id": row.webhook_id,
        "event_type": row.event_type,
        "payload": row.payload,
        "status_code": row.status_code,
        "response_body": row.response_body,
        "error": row.error,
        "duration_ms": row.duration_ms,
        "created_at": seconds(row.created_at),
        "attempt": row.attempt,
        "next_retry_at": seconds(row.next_retry_at),
        "is_retry": int(row.is_retry),
        "parent_delivery_id": row.parent_delivery_id,
        "workspace_id": row.workspace_id,
        "webhook_name": row.webhook.name,
        "webhook_url": row.webhook.url,
    }


def _result(outcome: Outcome, delivery: Delivery) -> dict[str, Any]:
    return {
        "success": outcome.success,
        "status_code": outcome.status,
        "response_body": outcome.body,
        "error": outcome.error,
        "duration_ms": outcome.duration_ms,
        "delivery_id": delivery.pk,
    }
