"""Direct connections of command line tools."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from connections.models import Connection
from connections.services import connect, disconnect
from core.errors import Invalid

from . import shapes
from .base import LegacyView
from .docs import describe

CONNECT = shapes.ConnectFields()


class Connect(LegacyView):
    route = "connect"

    @describe("All connections, newest first; `status` tells the live ones.", answers={200: "Connections"})
    def get(self, request: Request) -> Response:
        rows = Connection.objects.filter(workspace_id=self.actor.workspace_id).select_related("agent").order_by("-id")
        return Response({"connections": [_with_agent(row) for row in rows[:1000]]})

    @describe("Connect an agent, which is made if need be.", body=shapes.ConnectFields, answers={200: "Connected"})
    def post(self, request: Request) -> Response:
        want = self.read(CONNECT)
        connection = connect(actor=self.actor, now=self.now, **want)
        id = connection.agent_id
        return Response(
            {
                "connection_id": str(connection.connection_id),
                "agent_id": id,
                "agent_name": connection.agent.name,
                "status": "connected",
                "sse_url": "/api/events",
                "heartbeat_url": f"/api/agents/{id}/heartbeat",
                "token_report_url": "/api/tokens",
            }
        )

    @describe("Close a connection.", body="Disconnect", answers={200: "Disconnected"})
    def delete(self, request: Request) -> Response:
        sent = self.sent_object()
        id = sent.get("connection_id")
        if not isinstance(id, str) or not id:
            raise Invalid("connection_id is required")
        disconnect(actor=self.actor, now=self.now, connection_id=id)
        return Response({"status": "disconnected", "connection_id": id})


def _with_agent(row: Connection) -> dict[str, object]:
    agent = row.agent
    return {
        **row.as_row(),
        "agent_name": agent.name,
        "agent_status": agent.status,
        "agent_role": agent.role,
    }
