"""Token reports and what they add up to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Sum
from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from core.clock import iso
from core.errors import Invalid
from projects.models import Project
from realtime.wire import legacy
from realtime.wire.legacy_in import report_in
from tasks.models import Task
from tokens import reports
from tokens.models import MICRO, TokenUsage
from tokens.services import book

from .base import LegacyView, whole
from .docs import describe

NEWEST = 10_000
LISTED = 100
WINDOWS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7), "month": timedelta(days=30)}
CSV_HEADER = "timestamp,agentName,model,sessionId,operation,inputTokens,outputTokens,totalTokens,cost,duration"


class Sums:
    """Adds usage rows up the way every action shows them."""

    __slots__ = ("cost", "requests", "tokens")

    def __init__(self) -> None:
        self.cost = self.tokens = self.requests = 0

    def add(self, row: TokenUsage) -> None:
        self.cost += row.cost_microusd
        self.tokens += row.input_tokens + row.output_tokens
        self.requests += 1

    def out(self) -> dict[str, Any]:
        n = self.requests
        return {
            "totalTokens": self.tokens,
            "totalCost": self.cost / MICRO,
            "requestCount": n,
            "avgTokensPerRequest": (2 * self.tokens + n) // (2 * n) if n else 0,  # rounded half up
            "avgCostPerRequest": self.cost / MICRO / n if n else 0,
        }


def summed(rows: Iterable[TokenUsage]) -> dict[str, Any]:
    sums = Sums()
    for row in rows:
        sums.add(row)
    return sums.out()


def grouped(rows: Iterable[TokenUsage], key: Callable[[TokenUsage], str]) -> dict[str, list[TokenUsage]]:
    groups: dict[str, list[TokenUsage]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return groups


def by_model(rows: Iterable[TokenUsage]) -> dict[str, Any]:
    return {name: summed(mine) for name, mine in grouped(rows, lambda row: row.model).items()}


def timeline(rows: Iterable[TokenUsage]) -> list[dict[str, Any]]:
    days = grouped(rows, lambda row: row.at.astimezone(UTC).date().isoformat())
    return [
        {
            "date": day,
            "cost": sum(row.cost_microusd for row in mine) / MICRO,
            "tokens": sum(row.input_tokens + row.output_tokens for row in mine),
        }
        for day, mine in sorted(days.items())
    ]


class Tokens(LegacyView):
    """Reads cover the newest 10 000 reports, as the contract has it. POST is normally answered by `ingest`."""

    route = "tokens"

    @describe(
        "Reports, statistics, costs by agent or task, trends, export.",
        query=("action", "timeframe", "format"),
        answers={200: "TokensAnswer"},
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

    def rows(self, timeframe: str) -> list[TokenUsage]:
        since = self.now - WINDOWS[timeframe] if timeframe in WINDOWS else None
        found = TokenUsage.objects.in_workspace(self.actor.workspace_id).since(since)
        return list(found.order_by("-at", "-id")[:NEWEST])


def listed(view: Tokens, timeframe: str) -> Response:
    since = view.now - WINDOWS[timeframe] if timeframe in WINDOWS else None
    found = TokenUsage.objects.in_workspace(view.actor.workspace_id).since(since).order_by("-at", "-id")
    total = found[:NEWEST].count()
    return Response({"usage": [row.as_record() for row in found[:LISTED]], "total": total, "timeframe": timeframe})


def stats(view: Tokens, timeframe: str) -> Response:
    rows = view.rows(timeframe)
    return Response({**_overview(rows), "timeframe": timeframe, "recordCount": len(rows)})


def _overview(rows: list[TokenUsage]) -> dict[str, Any]:
    return {
        "summary": summed(rows),
        "models": by_model(rows),
        "sessions": {id: summed(mine) for id, mine in grouped(rows, lambda row: row.session_id).items()},
        "agents": {name: summed(mine) for name, mine in grouped(rows, lambda row: row.agent_name).items()},
    }


def agent_costs(view: Tokens, timeframe: str) -> Response:
    rows = view.rows(timeframe)
    agents = {
        name: {
            "stats": summed(mine),
            "models": by_model(mine),
            "sessions": list(dict.fromkeys(row.session_id for row in mine)),
            "timeline": timeline(mine),
        }
        for name, mine in grouped(rows, lambda row: row.agent_name).items()
    }
    return Response({"agents": agents, "timeframe": timeframe, "recordCount": len(rows)})


def task_costs(view: Tokens, timeframe: str) -> Response:
    every = view.rows(timeframe)
    ids = {row.task_id for row in every if row.task_id}
    tasks = {task.pk: task for task in Task.objects.filter(id__in=ids).select_related("project")}
    attributed = [row for row in every if row.task_id in tasks]
    loose = [row for row in every if row.task_id is None]
    by_task = grouped(attributed, lambda row: str(row.task_id))
    lines = [_task_line(tasks[int(id)], mine) for id, mine in by_task.items()]
    return Response(
        {
            "summary": summed([*attributed, *loose]),
            "tasks": sorted(lines, key=lambda line: -line["stats"]["totalCost"]),
            "agents": _with_tasks(attributed, lambda row: row.agent_name),
            "projects": _with_tasks(attributed, lambda row: str(row.project_id or "unscoped")),
            "unattributed": summed(loose),
            "timeframe": timeframe,
            "recordCount": len(attributed) + len(loose),
            "attributedRecordCount": len(attributed),
        }
    )


def _task_line(task: Task, rows: list[TokenUsage]) -> dict[str, Any]:
    project: Project = task.project
    return {
        "taskId": task.pk,
        "title": task.title,
        "status": legacy.STATUS_WORDS[task.status],
        "priority": task.priority_word,
        "assignedTo": task.assigned_to,
        "project": {"id": project.pk, "name": project.name, "slug": project.slug, "ticketRef": task.ticket_ref},
        "stats": summed(rows),
        "models": by_model(rows),
        "timeline": timeline(rows),
    }


def _with_tasks(rows: list[TokenUsage], key: Callable[[TokenUsage], str]) -> dict[str, Any]:
    lines = {}
    for name, mine in grouped(rows, key).items():
        ids = sorted({row.task_id for row in mine if row.task_id})
        lines[name] = {"stats": summed(mine), "taskCount": len(ids), "taskIds": ids}
    return lines


def export(view: Tokens, timeframe: str) -> Response | HttpResponse:
    rows = view.rows(timeframe)
    name = f"token-usage-{timeframe if timeframe in WINDOWS else 'all'}-{view.now.date().isoformat()}"
    if view.query("format") == "csv":
        body = "\n".join([CSV_HEADER, *map(_csv_line, rows)])
        return HttpResponse(
            body, headers={"Content-Type": "text/csv", "Content-Disposition": f"attachment; filename={name}.csv"}
        )
    overview = _overview(rows)
    body_json = {
        "usage": [row.as_record() for row in rows],
        **{key: overview[key] for key in ("summary", "models", "sessions")},
    }
    return Response(body_json, headers={"Content-Disposition": f"attachment; filename={name}.json"})


def _csv_line(row: TokenUsage) -> str:
    at = row.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    figures = [row.input_tokens, row.output_tokens, row.input_tokens + row.output_tokens]
    cost = f"{row.cost_microusd / MICRO:.4f}"
    duration = f"{row.duration_ms or 0:.15g}"
    words = [at, row.agent_name, row.model, row.session_id, row.operation, *figures, cost, duration]
    return ",".join(str(word) for word in words)


def trends(view: Tokens, timeframe: str) -> Response:
    until = int(view.now.timestamp())
    since = until - until % reports.HOUR - 23 * reports.HOUR
    hours = reports.trend(view.actor.workspace_id, since=since, until=since + 24 * reports.HOUR, step=reports.HOUR)
    shown = [
        {
            "timestamp": datetime.fromtimestamp(start, UTC).strftime("%Y-%m-%dT%H:00:00.000Z"),
            "tokens": line.tokens,
            "cost": line.dollars,
            "requests": line.requests,
        }
        for start, line in hours
        if line.requests
    ]
    return Response({"trends": shown, "timeframe": timeframe})


ACTIONS: dict[str, Callable[[Tokens, str], Response | HttpResponse]] = {
    "list": listed,
    "stats": stats,
    "agent-costs": agent_costs,
    "task-costs": task_costs,
    "task_costs": task_costs,
    "taskcosts": task_costs,
    "export": export,
    "trends": trends,
}


class TokensByAgent(LegacyView):
    route = "tokens-by-agent"

    @describe("What each agent took in the last days.", query=("days",), answers={200: "TokensByAgent"})
    def get(self, request: Request) -> Response:
        days = min(max(whole(self.query("days"), 30), 1), 365)
        rows = TokenUsage.objects.in_workspace(self.actor.workspace_id).since(self.now - timedelta(days=days))
        models: dict[str, list[dict[str, Any]]] = {}
        for line in rows.values("agent_name", "model").annotate(**SUMS).order_by("agent_name", "model"):
            models.setdefault(line["agent_name"], []).append(dict(line))
        spans = rows.values("agent_name").annotate(sessions=Count("session_id", distinct=True), last=Max("at"))
        agents = [_agent_line(dict(span), models[span["agent_name"]]) for span in spans.order_by("agent_name")]
        agents.sort(key=lambda line: -line["total_tokens"])
        summary = {
            "total_cost": sum(line["total_cost"] for line in agents),
            "total_tokens": sum(line["total_tokens"] for line in agents),
            "agent_count": len(agents),
            "days": days,
        }
        return Response({"agents": agents, "summary": summary})


SUMS = {"i": Sum("input_tokens"), "o": Sum("output_tokens"), "c": Sum("cost_microusd"), "n": Count("id")}


def _agent_line(span: dict[str, Any], models: list[dict[str, Any]]) -> dict[str, Any]:
    tokens_in, tokens_out = sum(line["i"] for line in models), sum(line["o"] for line in models)
    return {
        "agent": span["agent_name"],
        "total_input_tokens": tokens_in,
        "total_output_tokens": tokens_out,
        "total_tokens": tokens_in + tokens_out,
        "total_cost": sum(line["c"] for line in models) / MICRO,
        "session_count": span["sessions"],
        "request_count": sum(line["n"] for line in models),
        "last_active": iso(span["last"]),
        "models": [
            {
                "model": line["model"],
                "input_tokens": line["i"],
                "output_tokens": line["o"],
                "request_count": line["n"],
                "cost": line["c"] / MICRO,
            }
            for line in models
        ],
    }
