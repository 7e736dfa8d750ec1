"""Token reports and what they add up to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from core.errors import Invalid
from core.money import MICRO
from realtime.wire.legacy_in import report_in
from tokens.models import TokenUsage
from tokens.services import book
from tokens.statistics import NEWEST, Use, hours, newest

from .base import LegacyView
from .docs import describe
from .tokens_answers import TOKENS
from .tokens_by_agent import TokensByAgent
from .tokens_costs import agent_costs, task_costs
from .tokens_export import as_csv, as_json
from .tokens_sums import of_agent, of_model, of_session, record, stats, stats_by

LISTED = 100
WINDOWS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7), "month": timedelta(days=30)}

__all__ = ["Tokens", "TokensByAgent"]


class Tokens(LegacyView):
    """Reads cover the newest 10 000 reports, as the contract has it. POST is normally answered by `ingest`."""

    route = "tokens"

    @describe(
        "Reports, statistics, costs by agent or task, trends, export.",
        query=("action", "timeframe", "format"),
        answers={200: TOKENS},
    )
    def get(self, request: Request) -> Response | HttpResponse:
        action = self.query("action") or "list"
        answer = ACTIONS.get(action)
        if answer is None:
            raise Invalid("Invalid action", action=action)
        return answer(self, self.query("timeframe") or "all")

    @describe("Report the tokens of one call.", body="TokenReport", answers={200: "TokenStored"})
    def post(self, request: Request) -> Response:
        report = report_in(self.sent(), self.actor.workspace_id)
        if report is None:
            raise Invalid("Invalid token usage record")
        (row,) = book([report], now=self.now)
        return Response({"success": True, "record": row.as_record()})

    def since(self, timeframe: str) -> datetime | None:
        """None, from the beginning, for names that are no timeframe."""
        return self.now - WINDOWS[timeframe] if timeframe in WINDOWS else None

    def uses(self, timeframe: str, limit: int = NEWEST) -> list[Use]:
        return newest(self.actor.workspace_id, since=self.since(timeframe), limit=limit)


def listed(view: Tokens, timeframe: str) -> Response:
    uses = view.uses(timeframe, LISTED)
    every = TokenUsage.objects.in_workspace(view.actor.workspace_id).since(view.since(timeframe))
    total = len(uses) if len(uses) < LISTED else every[:NEWEST].count()
    return Response({"usage": [record(use) for use in uses], "total": total, "timeframe": timeframe})


def statistics(view: Tokens, timeframe: str) -> Response:
    uses = view.uses(timeframe)
    overview = {
        "summary": stats(uses),
        "models": stats_by(uses, of_model),
        "sessions": stats_by(uses, of_session),
        "agents": stats_by(uses, of_agent),
    }
    return Response({**overview, "timeframe": timeframe, "recordCount": len(uses)})


def costs_of_agents(view: Tokens, timeframe: str) -> Response:
    return Response({**agent_costs(view.uses(timeframe)), "timeframe": timeframe})


def costs_of_tasks(view: Tokens, timeframe: str) -> Response:
    costs = task_costs(view.uses(timeframe), workspace_id=view.actor.workspace_id)
    return Response({**costs, "timeframe": timeframe})


def export(view: Tokens, timeframe: str) -> Response | HttpResponse:
    span = timeframe if timeframe in WINDOWS else "all"
    name = f"token-usage-{span}-{view.now.date().isoformat()}"
    write = as_csv if view.query("format") == "csv" else as_json
    return write(view.uses(timeframe), name=name)


def trends(view: Tokens, timeframe: str) -> Response:
    """The last 24 hours, whatever the timeframe says."""
    shown = [
        {
            "timestamp": datetime.fromtimestamp(start, UTC).strftime("%Y-%m-%dT%H:00:00.000Z"),
            "tokens": figures.tokens,
            "cost": figures.cost_microusd / MICRO,
            "requests": figures.requests,
        }
        for start, figures in hours(view.actor.workspace_id, since=view.now - WINDOWS["day"])
    ]
    return Response({"trends": shown, "timeframe": timeframe})


ACTIONS: dict[str, Callable[[Tokens, str], Response | HttpResponse]] = {
    "list": listed,
    "stats": statistics,
    "agent-costs": costs_of_agents,
    "task-costs": costs_of_tasks,
    "task_costs": costs_of_tasks,
    "taskcosts": costs_of_tasks,
    "export": export,
    "trends": trends,
}
