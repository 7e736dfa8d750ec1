"""Evaluations of agents and of the deployment's security. Nothing assesses them yet; what is asked is checked."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import gate
from api.schemas import FREE, TEXT, has
from core.actors import Role
from core.errors import Invalid, Unavailable

from .base import LegacyView
from .docs import describe

NO_EVALS = "Evaluations are not part of this server yet"
NO_SCANS = "Security scans are not part of this server yet"
NO_AGENT = "Missing required parameter: agent"


class AgentEvals(LegacyView):
    route = "agent-evals"
    is_connected = False

    @describe("How an agent does in its layers.", query=("agent", "action"), answers={200: FREE})
    def get(self, request: Request) -> Response:
        raise Unavailable(NO_EVALS) if self.query("agent") else Invalid(NO_AGENT)

    @describe("Run evaluations.", body=has(action=TEXT), answers={200: FREE})
    def post(self, request: Request) -> Response:
        sent = self.sent()
        action = sent.get("action") if isinstance(sent, dict) else None
        if action not in ("run", "golden-set"):
            raise Invalid("Unknown action")
        if action == "golden-set":
            gate.check_role(self.actor, Role.ADMIN)
        if action == "golden-set" and not sent.get("name"):
            raise Invalid("Missing: name")
        if action == "run" and not sent.get("agent"):
            raise Invalid("Missing: agent")
        raise Unavailable(NO_EVALS)


class AgentOptimize(LegacyView):
    route = "agent-optimize"
    is_connected = False

    @describe("How an agent could do better.", query=("agent",), answers={200: FREE})
    def get(self, request: Request) -> Response:
        raise Unavailable(NO_EVALS) if self.query("agent") else Invalid(NO_AGENT)


class SecurityScan(LegacyView):
    route = "security-scan"
    is_connected = False

    @describe("Checks of this deployment.", answers={200: FREE})
    def get(self, request: Request) -> Response:
        raise Unavailable(NO_SCANS)


class SecurityScanAgent(LegacyView):
    route = "security-scan-agent"
    is_connected = False

    @describe("Let the checks be made, or mended.", body=has(action=TEXT), answers={200: FREE})
    def post(self, request: Request) -> Response:
        sent = self.sent()
        if not isinstance(sent, dict) or sent.get("action") not in ("scan", "fix", "scan-and-fix"):
            raise Invalid('action must be "scan", "fix", or "scan-and-fix"')
        raise Unavailable(NO_SCANS)


class SecurityAudit(LegacyView):
    route = "security-audit"
    is_connected = False

    @describe("The posture of this deployment.", query=("timeframe",), answers={200: FREE})
    def get(self, request: Request) -> Response:
        raise Unavailable(NO_SCANS)
