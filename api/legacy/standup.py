"""Reports on who did what on a day."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any

import orjson
from rest_framework.request import Request
from rest_framework.response import Response

from api.schemas import FREE, TEXT, WHOLE, has, many
from core.clock import iso, seconds
from core.errors import Invalid
from realtime.wire import legacy
from system.models import StandupReport
from system.services.standup import keep_standup
from system.standup import Standup, compile_standup
from tasks.models import PRIORITIES

from .answers import PAGED
from .base import LegacyView
from .docs import describe
from .queries import page_of

DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
USUAL = 10
ACCOMPLISHMENTS, BLOCKERS = 10, 100
NAMES_AT_MOST = 1000
SUMMARY = has(
    totalAgents=WHOLE, totalCompleted=WHOLE, totalInProgress=WHOLE, totalAssigned=WHOLE, totalReview=WHOLE,
    totalBlocked=WHOLE, totalActivity=WHOLE, overdue=WHOLE,
)  # fmt: skip
OF_AGENT = has(
    agent=FREE, completedToday=many(FREE), inProgress=many(FREE), assigned=many(FREE), review=many(FREE),
    blocked=many(FREE), activity=has(actionCount=WHOLE, commentsCount=WHOLE),
)  # fmt: skip
REPORT = has(
    date=TEXT, generatedAt=TEXT, summary=SUMMARY, agentReports=many(OF_AGENT), teamAccomplishments=many(FREE),
    teamBlockers=many(FREE), overdueTasks=many(FREE),
)  # fmt: skip
PAST = has(id=TEXT, date=TEXT, generatedAt=TEXT, summary=SUMMARY, agentCount=WHOLE)
# Which list of a standup is which list of an agent's report, and what is shown of its tasks.
SHOWN = {
    "completedToday": ("completed", ("id", "title", "status", "updated_at")),
    "inProgress": ("in_progress", ("id", "title", "status", "created_at", "due_date")),
    "assigned": ("assigned", ("id", "title", "status", "created_at", "due_date", "priority")),
    "review": ("review", ("id", "title", "status", "updated_at")),
    "blocked": ("blocked", ("id", "title", "status", "priority", "created_at", "metadata")),
}
Row = dict[str, Any]


class Standups(LegacyView):
    route = "standup"

    @describe("Reports made so far, the newest first.", paged=True, answers={200: has(history=many(PAST), **PAGED)})
    def get(self, request: Request) -> Response:
        limit, offset = self.page(default=USUAL)
        rows = StandupReport.objects.filter(workspace_id=self.actor.workspace_id)
        shown = rows.order_by("-created_at", "-id").defer("report")[offset : offset + limit]
        return Response(
            {
                "history": [_past(row, place) for place, row in enumerate(shown)],
                "total": rows.count(),
                "page": page_of(limit, offset),
                "limit": limit,
            }
        )

    @describe(
        "Make the report of a day.",
        body=has("date", "agents", date={"type": "string", "format": "date"}, agents=many(TEXT)),
        answers={200: has(standup=REPORT)},
    )
    def post(self, request: Request) -> Response:
        now = self.now
        day, names = self._wanted(now)
        standup = compile_standup(self.actor.workspace_id, day, names=names, now=now)
        report = _report(standup, now)
        keep_standup(
            actor=self.actor,
            now=now,
            day=day,
            report=report,
            summary=standup.summary,
            agent_count=len(standup.agents),
        )
        return Response({"standup": report})

    def _wanted(self, now: datetime) -> tuple[date, list[str]]:
        sent = self.sent_object()
        names = sent.get("agents") or []
        if not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
            raise Invalid("agents must be a list of names")
        return _day(sent.get("date") or now.astimezone(UTC).date().isoformat()), names[:NAMES_AT_MOST]


def _day(text: Any) -> date:
    try:
        if not (isinstance(text, str) and DAY.match(text)):
            raise ValueError(text)
        day = date.fromisoformat(text)
    except ValueError:
        raise Invalid("Invalid date. Expected YYYY-MM-DD") from None
    if not 1970 <= day.year <= 9998:
        raise Invalid("Invalid date. Expected YYYY-MM-DD")
    return day


def _past(row: StandupReport, place: int) -> Row:
    day = row.date.isoformat()
    return {
        "id": f"{day}-{place}",
        "date": day,
        "generatedAt": iso(row.created_at),
        # PostgreSQL keeps no order of keys.
        "summary": {name: row.summary[name] for name in SUMMARY["properties"]},
        "agentCount": row.agent_count,
    }


def _report(standup: Standup, now: datetime) -> Row:
    done = _flat(standup, "completedToday")
    stuck = _flat(standup, "blocked")
    done.sort(key=lambda row: (-row["updated_at"], row["id"]))
    return {
        "date": standup.date.isoformat(),
        "generatedAt": iso(now),
        "summary": standup.summary,
        "agentReports": [_of_agent(standup, agent) for agent in standup.agents],
        "teamAccomplishments": done[:ACCOMPLISHMENTS],
        "teamBlockers": stuck[:BLOCKERS],
        "overdueTasks": [{**_task(row), "agent_name": row["assigned_to"]} for row in standup.overdue],
    }


def _of_agent(standup: Standup, agent: Row) -> Row:
    name = agent["name"]
    return {
        "agent": {**agent, "last_seen": seconds(agent["last_seen"])},
        **{shown: _list(standup, shown, name) for shown in SHOWN},
        "activity": {
            "actionCount": standup.actions.get(name, 0),
            "commentsCount": standup.comments.get(name, 0),
        },
    }


def _list(standup: Standup, shown: str, name: str) -> list[Row]:
    source, keys = SHOWN[shown]
    tasks = (_task(row) for row in standup.lists[source].get(name, ()))
    return [{key: task[key] for key in keys} for task in tasks]


def _flat(standup: Standup, shown: str) -> list[Row]:
    names = [agent["name"] for agent in standup.agents]
    return [{**task, "agent": name} for name in names for task in _list(standup, shown, name)]


def _task(row: Row) -> Row:
    """A task's columns in the dialect's words; `metadata` is the text that it is stored as."""
    return {
        "id": row["id"],
        "title": row["title"],
        "status": legacy.STATUS_WORDS[row["status"]],
        "priority": PRIORITIES[row["priority"]],
        "assigned_to": row["assigned_to"],
        "created_at": seconds(row["created_at"]),
        "updated_at": seconds(row["updated_at"]),
        "due_date": seconds(row["due_at"]),
        "metadata": orjson.dumps(row["metadata"]).decode(),
    }
