"""Sessions of Claude Code on this machine. No folder is scanned yet, so there are none, and a scan says why."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from api.schemas import FLAG, FREE, TEXT, WHOLE, has, many

from .base import LegacyView
from .docs import describe

NO_STATS = {
    "total_sessions": 0, "active_sessions": 0, "total_input_tokens": 0, "total_output_tokens": 0,
    "total_estimated_cost": 0, "unique_projects": 0,
}  # fmt: skip


class ClaudeSessions(LegacyView):
    route = "claude-sessions"
    is_connected = False
    is_global = True

    @describe(
        "Local sessions, last message first.",
        query=("active", "project"),
        paged=True,
        answers={200: has(sessions=many(FREE), total=WHOLE, stats=FREE)},
    )
    def get(self, request: Request) -> Response:
        return Response({"sessions": [], "total": 0, "stats": NO_STATS})

    @describe("Scan now.", answers={200: has(ok=FLAG, message=TEXT)})
    def post(self, request: Request) -> Response:
        return Response({"ok": False, "message": "Scanning local sessions is not connected to this server yet"})
