"""Gateways and what is reached through them. None can be connected yet: each route says so in the contract's words."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import limits
from api.schemas import FLAG, FREE, TEXT, WHOLE, each, has, many
from core.clock import milliseconds
from core.errors import Denied, Invalid, NotFound, Unavailable

from .base import LegacyView, whole
from .docs import describe

NO_GATEWAYS = "Gateways cannot be connected to this server yet"
GATEWAY = has("gateway", gateway=FREE)
NODE_ACTIONS = {"approve": "requestId", "reject": "requestId", "rotate-token": "deviceId", "revoke-token": "deviceId"}


class Gateways(LegacyView):
    route = "gateways"
    is_connected = False
    is_global = True

    @describe("Gateways of this deployment.", answers={200: has(gateways=many(FREE))})
    def get(self, request: Request) -> Response:
        return Response({"gateways": []})

    @describe("Add a gateway.", body=FREE, answers={201: GATEWAY})
    def post(self, request: Request) -> Response:
        sent = self.sent_object()
        if not all(sent.get(name) for name in ("name", "host", "port")):
            raise Invalid("name, host, and port are required")
        raise Unavailable(NO_GATEWAYS)

    @describe("Change a gateway.", body=FREE, answers={200: GATEWAY})
    def put(self, request: Request) -> Response:
        if not self.sent_object().get("id"):
            raise Invalid("id is required")
        raise NotFound("Gateway not found")

    @describe("Remove a gateway.", body=FREE, answers={200: has(deleted=FLAG)})
    def delete(self, request: Request) -> Response:
        if not self.sent_object().get("id"):
            raise Invalid("id is required")
        return Response({"deleted": False})


class GatewayConnect(LegacyView):
    route = "gateway-connect"
    is_connected = False
    is_global = True

    @describe("Where a browser reaches a gateway.", body=has(id=WHOLE), answers={200: FREE})
    def post(self, request: Request) -> Response:
        if not self.sent_object().get("id"):
            raise Invalid("id is required")
        raise NotFound("Gateway not found")


class GatewayHealth(LegacyView):
    route = "gateway-health"
    is_connected = False
    is_global = True

    @describe("Probe every gateway.", answers={200: has(results=many(FREE), probed_at=WHOLE)})
    def post(self, request: Request) -> Response:
        return Response({"results": [], "probed_at": milliseconds(self.now)})


class GatewayHistory(LegacyView):
    route = "gateway-history"
    is_connected = False
    is_global = True

    @describe("Past probes, newest first.", answers={200: has(history=many(FREE))})
    def get(self, request: Request) -> Response:
        return Response({"history": []})


class GatewayConfig(LegacyView):
    route = "gateway-config"
    limit = limits.GATEWAY
    limited = frozenset({"PUT"})
    is_connected = False
    is_global = True

    @property
    def rate_key(self) -> str:
        return f"{self.actor.tenant_id}:{self.actor.workspace_id}:{self.actor}"

    @describe("The gateway's configuration file.", query=("action",), answers={200: FREE})
    def get(self, request: Request) -> Response:
        raise NotFound("OPENCLAW_CONFIG_PATH not configured")

    @describe("Change the gateway's configuration file.", query=("action",), body=FREE, answers={200: FREE})
    def put(self, request: Request) -> Response:
        raise NotFound("OPENCLAW_CONFIG_PATH not configured")


class Cron(LegacyView):
    """Jobs of a gateway's own scheduler. There is no file of jobs as long as there is no gateway."""

    route = "cron"
    is_connected = False
    is_global = True

    @describe(
        "Jobs of the gateway's scheduler.", query=("action", "job", "jobId", "page", "query"), answers={200: FREE}
    )
    def get(self, request: Request) -> Response:
        action = self.query("action")
        if action == "list":
            return Response({"jobs": []})
        if action == "logs" and self.query("job"):
            return Response({"logs": []})
        if action == "history" and self.query("jobId"):
            page = max(whole(self.query("page"), 1), 1)
            return Response({"entries": [], "total": 0, "hasMore": False, "page": page})
        raise Invalid("Job ID required" if action in ("logs", "history") else "Invalid action")

    @describe("Change jobs of the gateway's scheduler.", body=has(action=TEXT), answers={200: FREE})
    def post(self, request: Request) -> Response:
        sent = self.sent_object()
        action, named = sent.get("action"), sent.get("jobId") or sent.get("jobName")
        if action in ("toggle", "remove"):
            raise NotFound("Cron file not found") if named else Invalid("Job ID or name required")
        if action in ("trigger", "clone"):
            if not sent.get("jobId"):
                raise Invalid("Job ID required")
            if action == "trigger" and not settings.COMMAND_TRIGGER_ALLOWED:
                raise Denied("Command triggers are off. Set MISSION_CONTROL_ALLOW_COMMAND_TRIGGER=1 to allow them.")
            raise NotFound("Job not found")
        if action == "add":
            if not (sent.get("schedule") and sent.get("command") and (sent.get("jobName") or sent.get("name"))):
                raise Invalid("Schedule, command, and name required")
            raise Unavailable(NO_GATEWAYS)
        raise Invalid("Invalid action")


class Channels(LegacyView):
    route = "channels"
    is_connected = False

    @describe("Messaging channels of the gateway.", answers={200: has(connected=FLAG, channels=FREE)})
    def get(self, request: Request) -> Response:
        nothing: dict[str, Any] = {"channels": {}, "channelAccounts": {}, "channelOrder": [], "channelLabels": {}}
        return Response({**nothing, "connected": False})

    @describe("Act on a channel.", body=has(action=TEXT), answers={200: FREE})
    def post(self, request: Request) -> Response:
        action = self.sent_object().get("action")
        raise Invalid(f"Unknown action: {action}" if action else "action required")


class Nodes(LegacyView):
    route = "nodes"
    is_connected = False

    @describe("Nodes and devices of the gateway.", query=("action",), answers={200: FREE})
    def get(self, request: Request) -> Response:
        action = self.query("action")
        if action == "devices":
            return Response({"devices": []})
        if action not in ("", "list"):
            raise Invalid(f"Unknown action: {action}")
        return Response({"nodes": [], "connected": False})

    @describe("Approve or reject a device.", body=has(action=TEXT), answers={200: FREE})
    def post(self, request: Request) -> Response:
        sent = self.sent_object()
        needed = NODE_ACTIONS.get(str(sent.get("action")))
        if needed is None:
            raise Invalid(f"Invalid action. Must be one of: {', '.join(NODE_ACTIONS)}")
        if not sent.get(needed):
            raise Invalid(f"Missing required field: {needed}")
        raise Unavailable(NO_GATEWAYS)


class ExecApprovals(LegacyView):
    route = "exec-approvals"
    is_connected = False

    @describe("Commands that wait for approval at the gateway.", query=("action",), answers={200: FREE})
    def get(self, request: Request) -> Response:
        if self.query("action") == "allowlist":
            raise Unavailable(NO_GATEWAYS)
        return Response({"approvals": []})

    @describe("Replace the allowlist.", body=has("hash", agents=each(FREE), hash=TEXT), answers={200: has(ok=FLAG)})
    def put(self, request: Request) -> Response:
        if not _is_allowlist(self.sent_object().get("agents")):
            raise Invalid("Invalid execution allowlist request: agents is required or malformed")
        raise Unavailable(NO_GATEWAYS)


def _is_allowlist(agents: Any) -> bool:
    """Patterns of commands by agent."""
    if not isinstance(agents, dict) or not all(isinstance(entries, list) for entries in agents.values()):
        return False
    entries = [entry for listed in agents.values() for entry in listed]
    return all(isinstance(entry, dict) and isinstance(entry.get("pattern"), str) for entry in entries)
