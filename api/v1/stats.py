"""Figures of the fleet and of each agent."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from agents.models import Mandate
from api.schemas import NUMBER, each, has
from core.errors import Denied, Invalid
from governance.services.stats import STARTS, costs_of, overview

from .agents import find_agent
from .base import V1View
from .docs.schema import COUNT, one_of
from .docs.words import describe
from .listing import word


class Overview(V1View):
    route = "stats-overview"

    @describe(
        "The figures of the fleet.",
        answers={
            200: has(
                tasks=has(byStatus=each(COUNT), byType=each(COUNT), completedToday=COUNT, completedThisWeek=COUNT),
                agents=has(active=COUNT, paused=COUNT, quarantined=COUNT),
                approvals=has(pending=COUNT, urgentCount=COUNT),
                alerts=has(open=COUNT, critical=COUNT),
                costs=has(today=NUMBER, thisWeek=NUMBER, thisMonth=NUMBER),
            )
        },
    )
    def get(self, request: Request) -> Response:
        return Response(overview(self.actor.workspace_id, now=self.now))


class AgentCosts(V1View):
    route = "stats-agent-costs"

    @describe(
        "What an agent's runs cost in the current day, week or month.",
        query={"period": {**one_of(STARTS), "required": True}},
        answers={
            200: has(total=NUMBER, byModel=each(NUMBER), byTaskType=each(NUMBER), runs=COUNT, avgCostPerRun=NUMBER)
        },
        note="Agents see their own costs alone, leads those of all.",
    )
    def get(self, request: Request, id: str) -> Response:
        """For the agent itself, leads and people."""
        agent = find_agent(self, id)
        if self.actor.kind == "agent" and agent.pk != self.agent.pk and self.mandate.autonomy != Mandate.Autonomy.LEAD:
            raise Denied("An agent sees its own costs alone")
        period = word(request.query_params, "period", tuple(STARTS), "")
        if not period:
            raise Invalid.fields(f"period: is required, one of {', '.join(STARTS)}")
        return Response(costs_of(agent, period=period, now=self.now))
