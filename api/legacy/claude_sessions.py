"""Sessions of Claude Code on this machine, as its logs tell."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q, Sum
from rest_framework.request import Request
from rest_framework.response import Response

from api.schemas import FLAG, TEXT, WHOLE, has, many, maybe
from core.clock import iso, seconds
from core.money import dollars
from integrations.models import LocalSession
from integrations.models.sessions import ACTIVE
from integrations.sessions.scanning import scan

from .base import LegacyView
from .docs import describe

MOST = 200
NUMBER = {"type": "number"}
ROW = has(
    id=WHOLE, session_id=TEXT, project_slug=TEXT, project_path=maybe(TEXT), model=maybe(TEXT), git_branch=maybe(TEXT),
    user_messages=WHOLE, assistant_messages=WHOLE, tool_uses=WHOLE, input_tokens=WHOLE, output_tokens=WHOLE,
    estimated_cost=NUMBER, first_message_at=maybe(TEXT), last_message_at=maybe(TEXT), last_user_prompt=maybe(TEXT),
    is_active=WHOLE, scanned_at=WHOLE, created_at=WHOLE, updated_at=WHOLE,
)  # fmt: skip
STATS = has(
    total_sessions=WHOLE, active_sessions=WHOLE, total_input_tokens=WHOLE, total_output_tokens=WHOLE,
    total_estimated_cost=NUMBER, unique_projects=WHOLE,
)  # fmt: skip


class ClaudeSessions(LegacyView):
    route = "claude-sessions"
    is_global = True

    @describe(
        "Local sessions, last message first.",
        query=("active", "project"),
        paged=True,
        answers={200: has(sessions=many(ROW), total=WHOLE, stats=STATS)},
    )
    def get(self, request: Request) -> Response:
        limit, offset = self.page(cap=MOST)
        rows = LocalSession.objects.filter(tool=LocalSession.Tool.CLAUDE)
        wanted = rows.active_at(self.now) if self.query("active") == "1" else rows
        if project := self.query("project"):
            wanted = wanted.filter(project_slug=project)
        shown = wanted.order_by("-last_message_at", "-id")[offset : offset + limit]
        return Response(
            {"sessions": [self._row(row) for row in shown], "total": wanted.count(), "stats": self._stats()}
        )

    @describe("Scan now.", answers={200: has(ok=FLAG, message=TEXT)})
    def post(self, request: Request) -> Response:
        done = scan(now=self.now)
        return Response({"ok": not done.failed, "message": str(done)})

    def _row(self, row: LocalSession) -> dict[str, Any]:
        return {
            "id": row.pk,
            "session_id": row.session_id,
            "project_slug": row.project_slug,
            "project_path": row.project_path,
            "model": row.model,
            "git_branch": row.git_branch,
            "user_messages": row.user_messages,
            "assistant_messages": row.assistant_messages,
            "tool_uses": row.tool_uses,
            "input_tokens": row.input_tokens,
            "output_tokens": row.output_tokens,
            "estimated_cost": dollars(row.cost_microusd, 4),
            "first_message_at": row.first_message_at and iso(row.first_message_at),
            "last_message_at": row.last_message_at and iso(row.last_message_at),
            "last_user_prompt": row.last_user_prompt,
            "is_active": int(row.is_active(self.now)),
            "scanned_at": seconds(row.scanned_at),
            "created_at": seconds(row.created_at),
            "updated_at": seconds(row.updated_at),
        }

    def _stats(self) -> dict[str, Any]:
        """Of all sessions, whatever was asked for."""
        found = LocalSession.objects.filter(tool=LocalSession.Tool.CLAUDE).aggregate(
            total_sessions=Count("id"),
            active_sessions=Count("id", filter=Q(last_message_at__gt=self.now - ACTIVE)),
            total_input_tokens=Sum("input_tokens", default=0),
            total_output_tokens=Sum("output_tokens", default=0),
            total_estimated_cost=Sum("cost_microusd", default=0),
            unique_projects=Count("project_slug", distinct=True),
        )
        return found | {"total_estimated_cost": dollars(found["total_estimated_cost"], 2)}
