"""Clean-up of old records: what would go, and letting it go."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import limits
from api.schemas import FLAG, TEXT, WHOLE, has, many
from core.errors import Invalid
from system.services.cleanup import Line, clean_up, preview

from .base import LegacyView
from .docs import describe

# The parts of the data, in the words of the dialect.
WORDS = {
    "activities": "activities",
    "audit": "auditLog",
    "logs": "logs",
    "notifications": "notifications",
    "pipeline_runs": "pipelineRuns",
    "token_usage": "tokenUsage",
    "gateway_sessions": "gatewaySessions",
}
RETENTION = has(**dict.fromkeys(WORDS.values(), WHOLE))
PREVIEW = has(
    "cutoff_date", "note", table=TEXT, retention_days=WHOLE, cutoff_date=TEXT, stale_count=WHOLE, note=TEXT
)  # fmt: skip
RESULT = has(table=TEXT, deleted=WHOLE, cutoff_date=TEXT, retention_days=WHOLE)


class Cleanup(LegacyView):
    route = "cleanup"
    limit = limits.HEAVY
    limited = frozenset({"POST"})
    is_global = True

    @describe("What a clean-up would delete.", answers={200: has(retention=RETENTION, preview=many(PREVIEW))})
    def get(self, request: Request) -> Response:
        return Response({"retention": retention(), "preview": [_previewed(line) for line in preview(now=self.now)]})

    @describe(
        "Delete what is older than it is kept; `dry_run` only counts.",
        body=has("dry_run", dry_run=FLAG),
        answers={200: has(dry_run=FLAG, total_deleted=WHOLE, results=many(RESULT))},
    )
    def post(self, request: Request) -> Response:
        sent = self.sent() if self.body.strip() else {}
        dry_run = sent.get("dry_run", False) if isinstance(sent, dict) else None
        if not isinstance(dry_run, bool):
            raise Invalid("Invalid request body")
        lines = clean_up(actor=self.actor, now=self.now, dry_run=dry_run, origin=self.origin)
        total = sum(line.rows for line in lines)
        return Response({"dry_run": dry_run, "total_deleted": total, "results": [_result(line) for line in lines]})


def retention() -> dict[str, int]:
    return {word: settings.RETAIN_DAYS[part] for part, word in WORDS.items()}


def _previewed(line: Line) -> dict[str, Any]:
    shown: dict[str, Any] = {"table": line.table, "retention_days": line.days}
    if line.cutoff:
        shown["cutoff_date"] = line.cutoff.date().isoformat()
    shown["stale_count"] = line.rows
    if line.note:
        shown["note"] = line.note
    return shown


def _result(line: Line) -> dict[str, Any]:
    cutoff = line.cutoff.date().isoformat() if line.cutoff else ""
    return {"table": line.table, "deleted": line.rows, "cutoff_date": cutoff, "retention_days": line.days}
