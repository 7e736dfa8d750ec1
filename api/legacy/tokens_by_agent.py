"""What each agent took in the last days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from core.clock import iso
from core.money import MICRO
from tokens.statistics import AgentSums, by_agent

from .base import LegacyView, whole
from .docs import describe
from .tokens_answers import BY_AGENT

DAYS, MOST_DAYS = 30, 365


class TokensByAgent(LegacyView):
    route = "tokens-by-agent"

    @describe("What each agent took in the last days.", query=("days",), answers={200: BY_AGENT})
    def get(self, request: Request) -> Response:
        days = min(max(whole(self.query("days"), DAYS), 1), MOST_DAYS)
        agents = by_agent(self.actor.workspace_id, since=self.now - timedelta(days=days))
        summary = {
            "total_cost": sum(agent.total.cost_microusd for agent in agents) / MICRO,
            "total_tokens": sum(agent.total.tokens for agent in agents),
            "agent_count": len(agents),
            "days": days,
        }
        return Response({"agents": [_line(agent) for agent in agents], "summary": summary})


def _line(agent: AgentSums) -> dict[str, Any]:
    total = agent.total
    return {
        "agent": agent.name,
        "total_input_tokens": total.input_tokens,
        "total_output_tokens": total.output_tokens,
        "total_tokens": total.tokens,
        "total_cost": total.cost_microusd / MICRO,
        "session_count": agent.sessions,
        "request_count": total.requests,
        "last_active": iso(datetime.fromtimestamp(agent.last / 1000, UTC)),
        "models": [
            {
                "model": model,
                "input_tokens": sums.input_tokens,
                "output_tokens": sums.output_tokens,
                "request_count": sums.requests,
                "cost": sums.cost_microusd / MICRO,
            }
            for model, sums in agent.models.items()
        ],
    }
