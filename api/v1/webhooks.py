"""Webhooks of this dialect: where administrators have told what happens."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field, Strict, WithJsonSchema
from pydantic_core import PydanticCustomError
from rest_framework.request import Request
from rest_framework.response import Response

from api.schemas import FLAG, has, many
from core.errors import Invalid, NotFound
from webhooks.models import Webhook
from webhooks.services import delete_webhook, subscribe, update_webhook

from .base import V1View
from .body import Flag, Shape, Text
from .docs.schema import COUNT, one_of, ref
from .docs.words import PAGED, describe
from .ids import row_id, shown
from .listing import page_of
from .telling import KNOWN


def _known(name: str) -> str:
    if name not in KNOWN:
        raise PydanticCustomError("event", "is no event that webhooks are told of")
    return name


Name = Annotated[str, Strict(), AfterValidator(_known), WithJsonSchema(one_of(sorted(KNOWN)))]


class Subscription(Shape):
    url: Annotated[Text, Field(min_length=1, max_length=2048)]
    events: Annotated[list[Name], Field(min_length=1, max_length=50)]
    # As it is: it signs what is sent.
    secret: Annotated[str, Strict(), Field(min_length=16, max_length=256)]


class Change(Shape):
    """What is not named, or null, stays as it is."""

    url: Annotated[Text, Field(min_length=1, max_length=2048)] | None = None
    events: Annotated[list[Name], Field(min_length=1, max_length=50)] | None = None
    secret: Annotated[str, Strict(), Field(min_length=16, max_length=256)] | None = None
    active: Flag | None = None


def webhook_out(row: Webhook) -> dict[str, Any]:
    return {"id": shown("webhook", row.pk), "url": row.url, "events": row.events, "active": row.enabled}


class Webhooks(V1View):
    route = "webhooks"

    @describe(
        "Webhooks, the newest first.",
        query=PAGED,
        answers={200: has(webhooks=many(ref("Webhook")), total=COUNT, hasMore=FLAG)},
    )
    def get(self, request: Request) -> Response:
        page = page_of(request.query_params)
        rows = Webhook.objects.in_workspace(self.actor.workspace_id).filter(dialect=Webhook.Dialect.V1)
        total = rows.count()
        found = list(rows.order_by("-id")[page.offset : page.offset + page.limit])
        listed = [webhook_out(row) for row in found]
        return Response({"webhooks": listed, "total": total, "hasMore": page.has_more(len(found), total)})

    @describe("Have a webhook told what happens.", body=Subscription, answers={201: has(webhook=ref("Webhook"))})
    def post(self, request: Request) -> Response:
        want = self.read(Subscription)
        events = list(dict.fromkeys(want.events))
        try:
            row = subscribe(actor=self.actor, now=self.now, url=want.url, events=events, secret=want.secret)
        except Invalid as refusal:
            raise Invalid.fields(f"url: {refusal.message}") from None
        return Response({"webhook": webhook_out(row)}, status=201)


class WebhookView(V1View):
    def found(self, id: str) -> Webhook:
        here = Webhook.objects.in_workspace(self.actor.workspace_id).filter(dialect=Webhook.Dialect.V1)
        row = here.filter(pk=row_id("webhook", id)).first()
        if row is None:
            raise NotFound(f"There is no webhook {id[:80]}")
        return row


class OneWebhook(WebhookView):
    route = "webhook"

    @describe(
        "Change a webhook. A replaced secret goes on signing beside the new one for 24 hours; `active` lets one "
        "that was switched off be told again, beginning with what waits.",
        body=Change,
        answers={200: has(webhook=ref("Webhook"))},
    )
    def patch(self, request: Request, id: str) -> Response:
        want, row = self.read(Change).given(), self.found(id)
        changes = {name: value for name, value in want.items() if value is not None}
        active = changes.pop("active", None)
        if "events" in changes:
            changes["events"] = list(dict.fromkeys(changes["events"]))
        if active is False:
            changes["enabled"] = False
        try:
            row = update_webhook(
                webhook=row, actor=self.actor, now=self.now, changes=changes, reset_circuit=active is True
            )  # fmt: skip
        except Invalid as refusal:
            raise Invalid.fields(f"url: {refusal.message}") from None
        return Response({"webhook": webhook_out(row)})

    @describe("Tell a webhook no more.", answers={204: None})
    def delete(self, request: Request, id: str) -> Response:
        delete_webhook(webhook=self.found(id), actor=self.actor, now=self.now)
        return Response(status=204)
