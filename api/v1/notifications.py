"""What agents and people are told, and their word that they have it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from django.db.models import Q
from pydantic import Field
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from agents.models import Agent
from api.schemas import has, many
from core.errors import Denied, NotFound
from notifications.models import Notification
from notifications.services import LASTS, acknowledge
from notifications.words import SHOWN_AS, TYPES, type_shown

from .base import V1View
from .body import Shape, Text
from .docs.schema import ref
from .docs.words import before, describe, listed, text
from .ids import row_id, shown
from .listing import older, page_of, words
from .out import moment


def notifications_out(rows: Sequence[Notification], *, now: datetime) -> list[dict[str, Any]]:
    """With a constant number of queries."""
    home = rows[0].workspace_id if rows else 0
    names = {row.recipient for row in rows}
    agents = dict(Agent.objects.in_workspace(home).filter(name__in=names).values_list("name", "slug"))
    left = names - agents.keys()
    people = dict(User.objects.filter(workspace_id=home, username__in=left).values_list("username", "id"))
    return [_out(row, agents.get(row.recipient), people.get(row.recipient), now) for row in rows]


def _out(row: Notification, slug: str | None, user_id: int | None, now: datetime) -> dict[str, Any]:
    return {
        "id": shown("notif", row.pk),
        "targetAgentId": slug,
        "targetUserId": shown("user", user_id),
        "channel": row.channel,
        "type": type_shown(row.type),
        "title": row.title,
        "body": row.message,
        "taskId": shown("task", row.task_id),
        "messageId": shown("msg", row.message_id or (row.source_id if row.source_type == "comment" else None)),
        "approvalId": shown("approval", row.approval_id),
        "status": row.status_at(now),
        "attempts": row.attempts,
        "maxAttempts": row.max_attempts,
        "nextAttemptAt": moment(row.next_attempt_at),
        "lastError": row.last_error,
        "deliveredAt": moment(row.delivered_at or row.read_at),
        "externalId": row.external_id,
        "sendAfter": moment(row.send_after or row.created_at),
        "expiresAt": moment(row.expires_at or row.created_at + LASTS),
        "createdAt": moment(row.created_at),
    }


class Notifications(V1View):
    route = "notifications"

    @describe(
        "What agents and people are told, the newest first.",
        query={
            "targetAgentId": text("Whose; agents are shown their own whatever they name."),
            "status": listed(Notification.Status.values),
            "type": listed(TYPES),
            **before("notif"),
        },
        answers={200: has(notifications=many(ref("Notification")))},
    )
    def get(self, request: Request) -> Response:
        query, page = request.query_params, page_of(request.query_params)
        rows = Notification.objects.filter(workspace_id=self.actor.workspace_id)
        if self.actor.kind == "agent":
            rows = rows.filter(recipient=self.agent.name)
        elif slug := query.get("targetAgentId", ""):
            here = Agent.objects.in_workspace(self.actor.workspace_id).filter(slug=slug)
            rows = rows.filter(recipient__in=here.values("name"))
        if statuses := words(query, "status", Notification.Status.values):
            rows = rows.of_status(statuses, self.now)
        if types := words(query, "type", TYPES):
            rows = rows.filter(_of_types(types))
        rows = older(rows, query, "notif").order_by("-id")
        return Response({"notifications": notifications_out(list(rows[: page.limit]), now=self.now)})


def _of_types(types: list[str]) -> Q:
    own = [word for word, type in SHOWN_AS.items() if type in types] + [type.lower() for type in types]
    wanted = Q(type__in=own) | Q(type__in=types)
    if "ALERT" in types:
        # What this dialect has no word for.
        known = {*SHOWN_AS, *TYPES, *(type.lower() for type in TYPES)}
        wanted |= ~Q(type__in=known)
    return wanted


class Receipt(Shape):
    external_id: Annotated[Text, Field(max_length=200)] | None = None


class Acknowledgement(V1View):
    route = "notification-ack"

    @describe(
        "Say that a notification has arrived.",
        body=Receipt,
        answers={200: has(notification=ref("Notification"))},
        codes="STATE_CONFLICT",
        note="Agents acknowledge their own alone.",
    )
    def post(self, request: Request, id: str) -> Response:
        want = self.read(Receipt)
        here = Notification.objects.filter(workspace_id=self.actor.workspace_id)
        row = here.filter(pk=row_id("notif", id)).first()
        if row is None:
            raise NotFound(f"There is no notification {id[:80]}")
        if self.actor.kind == "agent" and row.recipient != self.agent.name:
            raise Denied("The notification is not this agent's")
        row = acknowledge(notification=row, actor=self.actor, now=self.now, external_id=want.external_id)
        return Response({"notification": notifications_out([row], now=self.now)[0]})
