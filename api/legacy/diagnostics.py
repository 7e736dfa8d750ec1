"""How the server itself is."""

from __future__ import annotations

import platform
import sys
from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response

from api.schemas import FLAG, NUMBER, TEXT, WHOLE, each, has, many, maybe
from system import counts, lookup, machine
from system.diagnostics import checks, newest_migration, score, writes_ahead

from .base import LegacyView
from .cleanup import RETENTION, retention
from .docs import describe

DIAGNOSTICS = has(
    system=has(
        nodeVersion=TEXT,
        platform=TEXT,
        arch=TEXT,
        processMemory=has(rss=WHOLE, heapTotal=WHOLE, heapUsed=WHOLE),
        processUptime=NUMBER,
        isDocker=FLAG,
    ),
    version=has(app=TEXT, openclaw=maybe(TEXT)),
    security=has(score=WHOLE, checks=many(has(name=TEXT, detail=TEXT, **{"pass": FLAG}))),
    database=has(sizeBytes=WHOLE, walMode=FLAG, migrationVersion=maybe(TEXT)),
    agents=has(total=WHOLE, byStatus=each(WHOLE)),
    sessions=has(active=WHOLE, total=WHOLE),
    gateway=has(configured=FLAG, reachable=FLAG, host=TEXT, port=WHOLE),
    retention=RETENTION,
)


class Diagnostics(LegacyView):
    route = "diagnostics"

    @describe("Figures of the server and its machine.", answers={200: DIAGNOSTICS})
    def get(self, request: Request) -> Response:
        results = checks()
        agents = counts.agents_by_status(self.actor.workspace_id)
        sessions = counts.sessions(self.actor.workspace_id, now=self.now)
        return Response(
            {
                "system": _system(),
                "version": {"app": settings.VERSION, "openclaw": None},
                "security": {
                    "score": score(results),
                    "checks": [{"name": one.name, "pass": one.passes, "detail": one.detail} for one in results],
                },
                "database": {
                    "sizeBytes": counts.database_size(),
                    "walMode": writes_ahead(),
                    "migrationVersion": newest_migration(),
                },
                "agents": {"total": sum(agents.values()), "byStatus": agents},
                "sessions": {"active": sessions["active"], "total": sessions["total"]},
                "gateway": _gateway(),
                "retention": retention(),
            }
        )


def _system() -> dict[str, Any]:
    memory = machine.process()
    return {
        # The key is older than this server, which runs on Python.
        "nodeVersion": f"Python {platform.python_version()}",
        "platform": sys.platform,
        "arch": platform.machine(),
        "processMemory": {"rss": memory.rss, "heapTotal": memory.reserved, "heapUsed": memory.used},
        "processUptime": machine.process_uptime(),
        "isDocker": machine.is_container(),
    }


def _gateway() -> dict[str, Any]:
    host, port = lookup.value("gateway.host"), lookup.number("gateway.port", low=0, high=65_535)
    configured = lookup.is_set("gateway.host") or lookup.is_set("gateway.port")
    return {
        "configured": configured,
        "reachable": configured and machine.is_listening(host, port),
        "host": host,
        "port": port,
    }
