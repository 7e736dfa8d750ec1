"""Inboxes."""

from __future__ import annotations

import math
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from api.schemas import FLAG, NUMBER, TEXT, WHOLE, has, many
from core.clock import LAST_SECOND, from_seconds
from core.errors import Invalid
from notifications.models import Notification
from notifications.services import delete_notifications, mark_delivered, mark_read
from realtime.wire.legacy_in import id_in

from .answers import NOTIFICATION
from .base import LegacyView
from .docs import describe
from .entities import find
from .fields import Shape, Text, Word
from .queries import page_of

CAP = 500
IDS_AT_MOST = 10_000
MARKED = "mark-delivered"
STORED = {name: shape for name, shape in NOTIFICATION["properties"].items() if name != "source"}
REMOVAL = has("ids", "recipient", "olderThan", ids=many(WHOLE), recipient=TEXT, olderThan=NUMBER)


class DeliveredFields(Shape):
    action = Word({MARKED: MARKED}, required=True)
    agent = Text(1, None, required=True)


DELIVERED = DeliveredFields()


class Notifications(LegacyView):
    route = "notifications"
    limited = frozenset({"PUT", "POST", "DELETE"})

    @describe(
        "The inbox of one recipient, newest first.",
        query=("recipient", "unread_only", "type"),
        paged=True,
        answers={200: "Notifications"},
    )
    def get(self, request: Request) -> Response:
        recipient = self.query("recipient")
        if not recipient:
            raise Invalid("Recipient is required")
        limit, offset = self.page(cap=CAP)
        inbox = Notification.objects.of(self.actor.workspace_id, recipient)
        rows = inbox.unread() if self.query("unread_only") == "true" else inbox
        if type := self.query("type"):
            rows = rows.filter(type=type)
        shown = list(rows.order_by("-id")[offset : offset + limit])
        sources = find([(row.source_type, row.source_id) for row in shown], self.actor.workspace_id)
        return Response(
            {
                "notifications": [
                    {**row.as_row(), "source": sources.get((row.source_type or "", row.source_id or 0))}
                    for row in shown
                ],
                "total": rows.count(),
                "page": page_of(limit, offset),
                "limit": limit,
                "unreadCount": inbox.unread().count(),
            }
        )

    @describe("Mark notifications read, by id or all of a recipient.", body="MarkRead", answers={200: "MarkedRead"})
    def put(self, request: Request) -> Response:
        sent = self.sent_object()
        ids, recipient = sent.get("ids"), sent.get("recipient")
        if isinstance(ids, list):
            marked = mark_read(actor=self.actor, now=self.now, ids=_known(ids))
        elif isinstance(recipient, str) and recipient and sent.get("markAllRead") is True:
            marked = mark_read(actor=self.actor, now=self.now, recipient=recipient)
        else:
            raise Invalid("Either provide ids array or recipient with markAllRead=true")
        return Response({"success": True, "markedAsRead": marked})

    @describe(
        "Mark what waits for an agent as delivered, and show it.",
        body=DeliveredFields,
        answers={200: has(success=FLAG, delivered=WHOLE, notifications=many(has(**STORED)))},
    )
    def post(self, request: Request) -> Response:
        want = self.read(DELIVERED)
        rows = mark_delivered(actor=self.actor, now=self.now, agent=want["agent"])
        return Response({"success": True, "delivered": len(rows), "notifications": [row.as_row() for row in rows]})

    @describe(
        "Remove notifications, by id or the old ones of a recipient.",
        body=REMOVAL,
        answers={200: has(success=FLAG, deleted=WHOLE)},
    )
    def delete(self, request: Request) -> Response:
        sent = self.sent_object()
        ids, recipient, before = sent.get("ids"), sent.get("recipient"), sent.get("olderThan")
        if isinstance(ids, list):
            deleted = delete_notifications(actor=self.actor, now=self.now, ids=_known(ids))
        elif isinstance(recipient, str) and recipient and type(before) in (int, float) and before:
            stamp = min(max(math.ceil(before), 0), LAST_SECOND)
            deleted = delete_notifications(
                actor=self.actor, now=self.now, recipient=recipient, before=from_seconds(stamp)
            )
        else:
            raise Invalid("Either provide ids array or recipient with olderThan timestamp")
        return Response({"success": True, "deleted": deleted})


def _known(ids: list[Any]) -> list[int]:
    return [id for id in map(id_in, ids[:IDS_AT_MOST]) if id is not None]
