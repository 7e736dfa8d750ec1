"""Agents that register themselves, and agents that are hidden from lists."""

from __future__ import annotations

import re
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import limits
from agents.models import Agent
from agents.services import Newcomer, find_agent, register_agent, set_hidden
from api.schemas import FLAG, TEXT, WHOLE, has, many
from core.clock import seconds
from core.errors import Invalid

from .base import LegacyView
from .docs import describe

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
BAD_NAME = (
    "Invalid agent name. Use 1-63 letters, digits, dots, underscores or hyphens, beginning with a letter or a digit."
)
ROLES = ("coder", "reviewer", "tester", "devops", "researcher", "assistant", "agent")
MOST_CAPABILITIES, LONGEST_WORD = 100, 200
REGISTRATION = has(
    "role", "capabilities", "framework",
    name={**TEXT, "pattern": f"^{NAME.pattern}$"}, role={**TEXT, "enum": list(ROLES)}, capabilities=many(TEXT),
    framework=TEXT,
)  # fmt: skip
REGISTERED = has(
    agent=has(id=WHOLE, name=TEXT, role=TEXT, status=TEXT, created_at=WHOLE), registered=FLAG, message=TEXT
)
HIDDEN = has(success=FLAG, agent_id=WHOLE, hidden=FLAG)


class AgentRegister(LegacyView):
    route = "agent-register"
    limit = limits.REGISTER
    limited = frozenset({"POST"})

    @describe(
        "Register as an agent, or say that a registered one is back.",
        body=REGISTRATION,
        answers={200: REGISTERED, 201: REGISTERED},
    )
    def post(self, request: Request) -> Response:
        newcomer = newcomer_in(self.sent())
        agent, is_new = register_agent(newcomer=newcomer, actor=self.actor, now=self.now, origin=self.origin)
        message = "Agent registered successfully" if is_new else "Agent already registered, status updated"
        body = {"agent": _shown(agent), "registered": is_new, "message": message}
        return Response(body, status=201 if is_new else 200)


def newcomer_in(sent: Any) -> Newcomer:
    if not isinstance(sent, dict):
        raise Invalid("Request body required")
    name, role = sent.get("name"), sent.get("role") or "agent"
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise Invalid(BAD_NAME)
    if role not in ROLES:
        raise Invalid(f"Invalid role. Use: {', '.join(ROLES)}")
    return Newcomer(name, role, _capabilities(sent.get("capabilities")), _word(sent.get("framework")) or None)


def _capabilities(value: Any) -> list[str]:
    words = [_word(item) for item in value[:MOST_CAPABILITIES]] if isinstance(value, list) else []
    return [word for word in words if word]


def _word(value: Any) -> str:
    return value[:LONGEST_WORD] if isinstance(value, str) else ""


def _shown(agent: Agent) -> dict[str, Any]:
    return {
        "id": agent.pk,
        "name": agent.name,
        "role": agent.role,
        "status": agent.status,
        "created_at": seconds(agent.created_at),
    }


class AgentHide(LegacyView):
    route = "agent-hide"

    @describe("Leave an agent out of lists.", answers={200: HIDDEN})
    def post(self, request: Request, key: str) -> Response:
        return self._set(key, hidden=True)

    @describe("Show a hidden agent again.", answers={200: HIDDEN})
    def delete(self, request: Request, key: str) -> Response:
        return self._set(key, hidden=False)

    def _set(self, key: str, *, hidden: bool) -> Response:
        agent = find_agent(self.actor.workspace_id, key)
        set_hidden(agent=agent, actor=self.actor, now=self.now, hidden=hidden)
        return Response({"success": True, "agent_id": agent.pk, "hidden": hidden})
