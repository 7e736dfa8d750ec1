"""Logs of the gateway. Its folder is not connected yet, so there are no sources; added lines are echoed, not kept."""

from __future__ import annotations

import secrets

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import limits
from api.schemas import FLAG, FREE, TEXT, has
from core.clock import milliseconds
from core.errors import Invalid
from core.ratelimit import Limit

from .base import LegacyView
from .docs import describe

LEVELS = ("info", "warn", "error", "debug")
FILTERS = ("action", "level", "session", "search", "source", "since")


class Logs(LegacyView):
    route = "logs"
    is_connected = False
    limited = frozenset({"GET", "POST"})
    is_global = True

    def check_rate(self, limit: Limit, key: str) -> None:
        super().check_rate(limits.READ if self.request.method == "GET" else limit, key)

    @describe("Log entries, newest first.", query=FILTERS, paged=True, answers={200: FREE})
    def get(self, request: Request) -> Response:
        action = self.query("action") or "recent"
        if action == "sources":
            return Response({"sources": []})
        if action not in ("recent", "tail"):
            raise Invalid("Invalid action")
        return Response({"logs": []})

    @describe("Echo a log line.", body=has(action=TEXT, message=TEXT), answers={200: has(success=FLAG, entry=FREE)})
    def post(self, request: Request) -> Response:
        sent = self.sent_object()
        if sent.get("action") != "add":
            raise Invalid("Invalid action")
        message = sent.get("message")
        if not isinstance(message, str) or not message:
            raise Invalid("Message required")
        level = sent.get("level")
        entry = {
            "id": f"log-{secrets.token_hex(8)}",
            "timestamp": milliseconds(self.now),
            "level": level if level in LEVELS else "info",
            "source": sent.get("source") or "mission-control",
            "message": message,
        }
        if sent.get("session"):
            entry["session"] = sent["session"]
        return Response({"success": True, "entry": entry})
