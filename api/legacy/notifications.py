"""Inboxes."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from core.errors import Invalid
from core.ids import LARGEST_ID
from notifications.models import Notification
from notifications.services import mark_read

from .base import LegacyView
from .docs import describe
from .entities import find

CAP = 500
IDS_AT_MOST = 10_000


class Notifications(LegacyView):
    route = "notifications"
    limited = frozenset({"PUT"})

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
                "page": offset // limit + 1 if limit else None,
                "limit": limit,
                "unreadCount": inbox.unread().count(),
            }
        )

    @describe("Mark notifications read, by id or all of a recipient.", body="MarkRead", answers={200: "MarkedRead"})
    def put(self, request: Request) -> Response:
        sent = self.sent()
        if not isinstance(sent, dict):
            raise Invalid("Invalid request body")
        ids, recipient = sent.get("ids"), sent.get("recipient")
        if isinstance(ids, list):
            known = [id for id in ids[:IDS_AT_MOST] if type(id) is int and 0 < id <= LARGEST_ID]
            marked = mark_read(actor=self.actor, now=self.now, ids=known)
        elif isinstance(recipient, str) and recipient and sent.get("markAllRead") is True:
            marked = mark_read(actor=self.actor, now=self.now, recipient=recipient)
        else:
            raise Invalid("Either provide ids array or recipient with markAllRead=true")
        return Response({"success": True, "markedAsRead": marked})
