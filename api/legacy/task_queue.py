"""The queue: agents ask for work, and each task is given once."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import limits
from core.clock import seconds
from core.errors import Denied, Invalid
from realtime.wire import legacy
from tasks import services

from .base import LegacyView
from .docs import describe


class Queue(LegacyView):
    """The atomic claim: what one agent gets, no other one gets."""

    route = "task-queue"

    @describe("Claim the next task for an agent.", query=("agent", "max_capacity"), answers={200: "QueueAnswer"})
    def get(self, request: Request) -> Response:
        agent = self.query("agent") or request.META.get("HTTP_X_AGENT_NAME", "").strip()
        self.check_rate(limits.QUEUE, request.META.get("HTTP_X_AGENT_NAME", "").strip() or self.ip)
        if not agent:
            raise Invalid("Missing agent. Provide ?agent=... or x-agent-name header.")
        if self.actor.is_agent_scoped and agent != self.actor.agent_name:
            raise Denied("Access denied: agent key may only queue tasks for itself.")
        text = self.query("max_capacity") or "1"
        if not (text.isascii() and text.isdigit() and 1 <= int(text[:3]) <= 20):
            raise Invalid("Invalid max_capacity. Expected integer 1..20.")
        now = self.now
        claim = services.claim_next(actor=self.actor, now=now, agent_name=agent[:100], capacity=int(text))
        shown = legacy.bare_task(claim.task.snapshot()) if claim.task else None
        return Response({"task": shown, "reason": claim.reason, "agent": agent, "timestamp": seconds(now)})
