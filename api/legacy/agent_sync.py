"""Agents from elsewhere: a gateway's configuration, or directories of this machine."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from api.schemas import FLAG, TEXT, WHOLE, has, many

from .answers import ERROR
from .base import LegacyView
from .docs import describe

NOT_CONFIGURED = "No gateway configuration is connected to this server"
NOT_SCANNED = "No local agent directories are configured on this server"
SYNCED = has(
    "ok", "message", "synced", "created", "updated", "agents",
    ok=FLAG, message=TEXT, synced=WHOLE, created=WHOLE, updated=WHOLE,
    agents=many(has(id=TEXT, name=TEXT, action=TEXT)),
)  # fmt: skip
COMPARED = has(inConfig=WHOLE, inMC=WHOLE, newAgents=many(TEXT), updatedAgents=many(TEXT), onlyInMC=many(TEXT))


class AgentSync(LegacyView):
    route = "agent-sync"
    is_global = True

    @describe("Compare agents with a gateway's configuration.", answers={200: COMPARED, 500: ERROR})
    def get(self, request: Request) -> Response:
        return Response({"error": NOT_CONFIGURED}, status=500)

    @describe(
        "Take agents over from a gateway's configuration, or with `source=local` from this machine.",
        query=("source",),
        answers={200: SYNCED, 500: ERROR},
    )
    def post(self, request: Request) -> Response:
        if self.query("source") == "local":
            return Response({"ok": False, "message": NOT_SCANNED})
        return Response({"error": NOT_CONFIGURED}, status=500)
