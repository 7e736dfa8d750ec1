"""The jobs of the worker: when they ran and run again, and running one by hand."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from api.schemas import FLAG, TEXT, WHOLE, has, many, maybe
from core.clock import milliseconds
from core.errors import Invalid
from system.schedule import LISTED
from system.services.scheduler import Status, run_by_hand, statuses

from .base import LegacyView
from .docs import describe

OUTCOME = has(ok=FLAG, message=TEXT)
JOB = has(
    "lastResult",
    id=TEXT,
    name=TEXT,
    enabled=FLAG,
    lastRun=maybe(WHOLE),
    nextRun=WHOLE,
    running=FLAG,
    lastResult=has(ok=FLAG, message=TEXT, timestamp=WHOLE),
)


class Scheduler(LegacyView):
    route = "scheduler"
    is_global = True

    @describe("The jobs, with their last and next run.", answers={200: has(tasks=many(JOB))})
    def get(self, request: Request) -> Response:
        return Response({"tasks": [_shown(status) for status in statuses(now=self.now, jobs=LISTED.values())]})

    @describe("Run one now.", body=has(task_id=TEXT), answers={200: OUTCOME, 500: OUTCOME})
    def post(self, request: Request) -> Response:
        sent = self.sent()
        wanted = sent.get("task_id") if isinstance(sent, dict) else None
        job = LISTED.get(wanted) if isinstance(wanted, str) else None
        if job is None:
            raise Invalid(f"task_id required: {', '.join(LISTED)}")
        outcome = run_by_hand(job, now=self.now)
        return Response({"ok": outcome.ok, "message": outcome.message}, status=200 if outcome.ok else 500)


def _shown(status: Status) -> dict[str, Any]:
    record = status.record
    line: dict[str, Any] = {
        "id": status.job.id,
        "name": status.job.name,
        "enabled": status.job.enabled,
        "lastRun": milliseconds(record.last_run) if record and record.last_run else None,
        "nextRun": milliseconds(status.next_run),
        "running": status.running,
    }
    if record and record.ended_at:
        line["lastResult"] = {
            "ok": bool(record.ok),
            "message": record.message,
            "timestamp": milliseconds(record.ended_at),
        }
    return line
