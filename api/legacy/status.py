"""How the server fares, for pages, monitors and supervisors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import DatabaseError
from rest_framework.request import Request
from rest_framework.response import Response

from api.schemas import FLAG, NUMBER, TEXT, WHOLE, each, has, many, maybe
from core.clock import milliseconds
from core.errors import Invalid
from integrations.models import LocalSession
from realtime.wire import legacy
from system import counts, modellist, status

from .base import LegacyView
from .docs import describe

CHECK = has("detail", name=TEXT, status=TEXT, message=TEXT, detail=has(rss=WHOLE, heapUsed=WHOLE, heapTotal=WHOLE))
OVERVIEW = {
    "timestamp": WHOLE,
    "uptime": WHOLE,
    "memory": has(total=WHOLE, used=WHOLE, available=WHOLE),
    "disk": has(total=TEXT, used=TEXT, available=TEXT, usage=TEXT),
    "sessions": has(total=WHOLE, active=WHOLE),
    "processes": many(has(pid=TEXT, command=TEXT)),
}
TALLIED = has(total=WHOLE, byStatus=each(WHOLE))
DB = has(
    tasks=TALLIED,
    agents=TALLIED,
    audit=has(day=WHOLE, week=WHOLE, loginFailures=WHOLE),
    activities=has(day=WHOLE),
    notifications=has(unread=WHOLE),
    pipelines=has(active=WHOLE, recentDay=WHOLE),
    backup=maybe(has(name=TEXT, size=WHOLE, age_hours=WHOLE)),
    dbSizeBytes=WHOLE,
    webhookCount=WHOLE,
)
GATEWAY = has(
    running=FLAG, port=WHOLE, pid=maybe(TEXT), uptime=WHOLE, version=TEXT, connections=WHOLE, port_listening=FLAG
)
MODEL = has(
    "size",
    alias=TEXT,
    name=TEXT,
    provider=TEXT,
    description=TEXT,
    costPerMTok=has(input=NUMBER, output=NUMBER),
    size=TEXT,
)
HEALTH = has(status=TEXT, version=TEXT, uptime=NUMBER, checks=many(CHECK), timestamp=WHOLE)
CAPABILITIES = has(
    gateway=FLAG,
    openclawHome=FLAG,
    claudeHome=FLAG,
    claudeSessions=WHOLE,
    hermesInstalled=FLAG,
    hermesSessions=WHOLE,
    subscription=maybe(has(type=TEXT, provider=TEXT)),
    subscriptions=each(has(provider=TEXT, type=TEXT, source=TEXT)),
    processUser=TEXT,
    interfaceMode={"type": "string", "enum": ["essential", "full"]},
    dashboardRegistration=maybe(has(registered=FLAG, alreadySet=FLAG)),
    isDocker=FLAG,
)
ANSWER = {
    "anyOf": [
        has(**OVERVIEW, db=maybe(DB)),
        has(**OVERVIEW),
        GATEWAY,
        has(models=many(MODEL)),
        HEALTH,
        CAPABILITIES,
    ]
}


class Status(LegacyView):
    route = "status"

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Anybody may ask for the health, and for nothing else."""
        if not (request.method in ("GET", "HEAD") and self.query("action") == "health"):
            super().initial(request, *args, **kwargs)

    @describe(
        "The machine, the process and what they hold; `action=health` is open to everybody.",
        query=("action",),
        answers={200: ANSWER},
    )
    def get(self, request: Request) -> Response:
        answer = ACTIONS.get(self.query("action") or "overview")
        if answer is None:
            raise Invalid("Invalid action")
        return Response(answer(self))

    def overview(self) -> dict[str, Any]:
        now = self.now
        sessions = counts.sessions(self.actor.workspace_id, now=now)
        return status.overview(sessions=sessions, now_ms=milliseconds(now))

    def dashboard(self) -> dict[str, Any]:
        return {**self.overview(), "db": self._database()}

    def _database(self) -> dict[str, Any] | None:
        home, now = self.actor.workspace_id, self.now
        try:
            return {
                "tasks": _tallied(_worded(counts.tasks_by_status(home))),
                "agents": _tallied(counts.agents_by_status(home)),
                "audit": counts.audit(home, now=now),
                "activities": {"day": counts.activities_of_day(home, now=now)},
                "notifications": {"unread": counts.unread_notifications(home)},
                "pipelines": counts.pipelines(home, now=now),
                "backup": counts.newest_backup(now=now),
                "dbSizeBytes": counts.database_size(),
                "webhookCount": counts.webhooks(home),
            }
        except DatabaseError:
            return None

    def gateway(self) -> dict[str, Any]:
        return status.gateway()

    def models(self) -> dict[str, Any]:
        return {"models": modellist.MODELS}

    def health(self) -> dict[str, Any]:
        return status.health(now_ms=milliseconds(self.now))

    def capabilities(self) -> dict[str, Any]:
        return status.capabilities(claude_sessions=LocalSession.objects.filter(tool=LocalSession.Tool.CLAUDE).count())


def _worded(by_status: dict[str, int]) -> dict[str, int]:
    """Canonical statuses under the dialect's words, of which some share one."""
    shown: dict[str, int] = {}
    for name, n in by_status.items():
        word = legacy.STATUS_WORDS[name]
        shown[word] = shown.get(word, 0) + n
    return shown


def _tallied(by_status: dict[str, int]) -> dict[str, Any]:
    return {"total": sum(by_status.values()), "byStatus": by_status}


ACTIONS: dict[str, Callable[[Status], dict[str, Any]]] = {
    "overview": Status.overview,
    "dashboard": Status.dashboard,
    "gateway": Status.gateway,
    "models": Status.models,
    "health": Status.health,
    "capabilities": Status.capabilities,
}
