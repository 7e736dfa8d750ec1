"""Pushing notifications to agents' sessions."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from agents.models import Agent
from api.schemas import FLAG, FREE, NUMBER, TEXT, WHOLE, Schema, has, many, maybe
from core.clock import seconds
from core.errors import Invalid
from notifications import delivery
from notifications.models import Notification
from system import gateway

from .base import LegacyView
from .docs import describe

USUAL, CAP = 50, 500
RECENT, PENDING_SHOWN = 10, 500
ERROR_ROW = has(notification_id=WHOLE, recipient=TEXT, error=TEXT)
RUN: Schema = {
    "anyOf": [
        has(
            status=TEXT, message=TEXT, total_processed=WHOLE, delivered=WHOLE, errors=WHOLE, dry_run=FLAG,
            delivery_results=many(FREE), error_details=many(ERROR_ROW),
        ),
        has(status=TEXT, message=TEXT, processed=WHOLE, delivered=WHOLE, errors=many(FREE)),
    ]
}  # fmt: skip
STATISTICS = has(total=WHOLE, delivered=WHOLE, undelivered=WHOLE, delivery_rate=NUMBER)
STATE = has(
    statistics=STATISTICS,
    agents_with_pending=many(has(recipient=TEXT, session_key=maybe(TEXT), pending_count=WHOLE)),
    recent_deliveries=many(has(recipient=TEXT, type=TEXT, title=TEXT, delivered_at=WHOLE, created_at=WHOLE)),
    agent_filter=maybe(TEXT),
)
WANTED = has("agent_filter", "limit", "dry_run", agent_filter=TEXT, limit=WHOLE, dry_run=FLAG)
NOTHING = {
    "status": "success",
    "message": "No undelivered notifications found",
    "processed": 0,
    "delivered": 0,
    "errors": [],
}


class Deliver(LegacyView):
    route = "notifications-deliver"

    @describe("How much was delivered and what waits.", query=("agent",), answers={200: STATE})
    def get(self, request: Request) -> Response:
        home, name = self.actor.workspace_id, self.query("agent")
        rows = Notification.objects.filter(workspace_id=home)
        rows = rows.filter(recipient=name) if name else rows
        waiting = Notification.objects.undelivered(home, name).order_by()
        total, undelivered = rows.count(), waiting.count()
        recent = rows.filter(delivered_at__isnull=False).order_by("-delivered_at", "-id")[:RECENT]
        return Response(
            {
                "statistics": _statistics(total, undelivered),
                "agents_with_pending": self._pending(waiting),
                "recent_deliveries": [_recent(row) for row in recent],
                "agent_filter": name or None,
            }
        )

    def _pending(self, waiting: QuerySet[Notification]) -> list[dict[str, Any]]:
        counted = waiting.values_list("recipient").annotate(n=Count("*")).order_by("-n", "recipient")
        rows = list(counted[:PENDING_SHOWN])
        sessions = self._sessions([name for name, _ in rows])
        return [{"recipient": name, "session_key": sessions.get(name), "pending_count": n} for name, n in rows]

    def _sessions(self, names: list[str]) -> dict[str, str | None]:
        """Session keys by agent name; people have none."""
        found = Agent.objects.in_workspace(self.actor.workspace_id).filter(name__in=set(names))
        return dict(found.values_list("name", "session_key"))

    @describe("Push what waits to the agents' sessions.", body=WANTED, answers={200: RUN})
    def post(self, request: Request) -> Response:
        name, limit, dry_run = self._wanted()
        rows = list(Notification.objects.undelivered(self.actor.workspace_id, name or "")[:limit])
        if not rows:
            return Response(NOTHING)
        sessions = self._sessions([row.recipient for row in rows])
        if dry_run:
            delivery.note_dry_run(rows, actor=self.actor, now=self.now, agent_filter=name)
            return Response(_dry(rows, sessions))
        outcome = delivery.attempt(rows, sessions=sessions, push=gateway.deliver)
        now = self.now
        delivery.note_delivery(outcome, actor=self.actor, now=now, sessions=sessions, agent_filter=name)
        done = [
            {**_about(row, sessions), "status": "delivered", "delivered_at": seconds(now), "stdout": said}
            for row, said in outcome.delivered
        ]
        failed = [
            {"notification_id": row.pk, "recipient": row.recipient, "error": error} for row, error in outcome.failed
        ]
        return Response(_run(done, failed, dry_run=False))

    def _wanted(self) -> tuple[str | None, int, bool]:
        sent = self.sent_object()
        name, limit = sent.get("agent_filter") or None, sent.get("limit", USUAL)
        if name is not None and not isinstance(name, str):
            raise Invalid("agent_filter must be the name of a recipient")
        if type(limit) not in (int, float) or limit < 1:
            limit = USUAL
        return name, int(min(limit, CAP)), sent.get("dry_run") is True


def _about(row: Notification, sessions: dict[str, str | None]) -> dict[str, Any]:
    return {"notification_id": row.pk, "recipient": row.recipient, "session_key": sessions.get(row.recipient)}


def _dry(rows: list[Notification], sessions: dict[str, str | None]) -> dict[str, Any]:
    results = [{**_about(row, sessions), "status": "dry_run", "message": f"{row.title}: {row.message}"} for row in rows]
    return _run(results, [], dry_run=True)


def _run(results: list[dict[str, Any]], failed: list[dict[str, Any]], *, dry_run: bool) -> dict[str, Any]:
    total = len(results) + len(failed)
    return {
        "status": "success",
        "message": f"Processed {total} notifications: {len(results)} delivered, {len(failed)} errors",
        "total_processed": total,
        "delivered": len(results),
        "errors": len(failed),
        "dry_run": dry_run,
        "delivery_results": results,
        "error_details": failed,
    }


def _statistics(total: int, undelivered: int) -> dict[str, Any]:
    delivered = total - undelivered
    return {
        "total": total,
        "delivered": delivered,
        "undelivered": undelivered,
        "delivery_rate": round(100 * delivered / total) if total else 0,
    }


def _recent(row: Notification) -> dict[str, Any]:
    return {
        "recipient": row.recipient,
        "type": row.type,
        "title": row.title,
        "delivered_at": seconds(row.delivered_at),
        "created_at": seconds(row.created_at),
    }
