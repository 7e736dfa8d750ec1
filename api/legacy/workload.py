"""Whether the fleet can take more work; orchestrators ask before each task."""

from __future__ import annotations

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response

from alerts import workload
from api.schemas import FLAG, NUMBER, TEXT, WHOLE, has, many, maybe

from .base import LegacyView
from .docs import describe

CAPACITY = (
    "active_tasks", "tasks_last_5m", "errors_last_5m", "error_rate_5m", "completions_last_hour",
    "avg_completion_rate_per_hour",
)  # fmt: skip
ANSWER = has(
    timestamp=WHOLE,
    workspace_id=WHOLE,
    capacity=has(**dict.fromkeys(CAPACITY, NUMBER)),
    queue=has(
        total_pending=WHOLE,
        by_status=has(**{status.lower(): WHOLE for status in workload.PENDING}),
        by_priority=has(low=WHOLE, medium=WHOLE, high=WHOLE, critical=WHOLE, urgent=WHOLE),
        oldest_pending_age_seconds=maybe(WHOLE),
        estimated_wait_seconds=maybe(WHOLE),
        estimated_wait_confidence={"type": "string", "enum": ["calculated", "unknown"]},
    ),
    agents=has(
        total=WHOLE,
        online=WHOLE,
        busy=WHOLE,
        idle=WHOLE,
        offline=WHOLE,
        busy_ratio=NUMBER,
        load_distribution=many(has(agent=TEXT, assigned=WHOLE, in_progress=WHOLE)),
    ),
    recommendation=has(
        action={"type": "string", "enum": list(workload.LEVELS)},
        reason=TEXT,
        details=many(TEXT),
        submit_ok=FLAG,
        suggested_delay_ms=WHOLE,
    ),
    thresholds=has(**dict.fromkeys(settings.WORKLOAD, NUMBER)),
)


class WorkloadNow(LegacyView):
    route = "workload"

    @describe("Capacity, queue, agents, and advice about more work.", answers={200: ANSWER})
    def get(self, request: Request) -> Response:
        found = workload.report(workspace_id=self.actor.workspace_id, now=self.now, thresholds=settings.WORKLOAD)
        return Response(found)
