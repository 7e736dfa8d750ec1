"""Two reports about one agent, for itself and for administrators: how it does, and what it has done."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from agents.models import Agent
from agents.scope import is_self
from agents.services import find_agent
from agents.stories import Span
from core.actors import Role
from core.clock import seconds
from core.errors import Denied, Invalid

from . import agent_attribution, agent_diagnostics
from .base import LegacyView
from .docs import describe
from .queries import words_of

MOST_HOURS, USUAL_HOURS = 720, 24
DIAGNOSTICS_ARE_YOURS = "Diagnostics are self-scoped. Use privileged=1 with admin role for cross-agent access."
ATTRIBUTION_IS_YOURS = "Forbidden: attribution is self-scope by default. Admin can use ?privileged=1 override."


class _Report(LegacyView):
    not_yours: str
    bad_hours: str

    def agent(self, key: str) -> Agent:
        """The agent that is asked about. Raises Denied unless it asks itself, or an administrator insists."""
        agent = find_agent(self.actor.workspace_id, key)
        if not is_self(self.actor, agent) and not (self.query("privileged") == "1" and self.actor.can(Role.ADMIN)):
            raise Denied(self.not_yours)
        return agent

    def hours(self) -> int:
        text = self.query("hours")
        if not text:
            return USUAL_HOURS
        hours = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
        if not 1 <= hours <= MOST_HOURS:
            raise Invalid(self.bad_hours)
        return hours

    def sections(self, known: tuple[str, ...]) -> list[str]:
        """The wanted sections in the order of `known`; all when none is named."""
        wanted = words_of(self.query("section"))
        unknown = [word for word in wanted if word not in known]
        if unknown:
            raise Invalid(f"Invalid section value(s): {', '.join(unknown)}")
        return [name for name in known if not wanted or name in wanted]

    def span(self, hours: int) -> Span:
        now = self.now
        return Span(now - timedelta(hours=hours), now)


def _timeframe(hours: int, span: Span) -> dict[str, Any]:
    return {"hours": hours, "since": seconds(span.since), "until": seconds(span.until)}


class AgentDiagnostics(_Report):
    route = "agent-diagnostics"
    not_yours = DIAGNOSTICS_ARE_YOURS
    bad_hours = f"hours must be between 1 and {MOST_HOURS}"

    @describe(
        "How an agent does: its tasks, activity, errors, trends and tokens.",
        query=("hours", "section", "privileged"),
        answers={200: agent_diagnostics.DIAGNOSTICS},
    )
    def get(self, request: Request, key: str) -> Response:
        agent = self.agent(key)
        hours = self.hours()
        sections = self.sections(tuple(agent_diagnostics.SECTIONS))
        span = self.span(hours)
        known = agent_diagnostics.Known(agent, span)
        return Response(
            {
                "agent": {"id": agent.pk, "name": agent.name, "role": agent.role, "status": agent.status},
                "timeframe": _timeframe(hours, span),
                **{name: agent_diagnostics.SECTIONS[name](known) for name in sections},
            }
        )


class AgentAttribution(_Report):
    route = "agent-attribution"
    not_yours = ATTRIBUTION_IS_YOURS
    bad_hours = f"Invalid hours. Expected integer 1..{MOST_HOURS}."

    @describe(
        "What an agent has done, and what it cost.",
        query=("hours", "section", "privileged"),
        answers={200: agent_attribution.ATTRIBUTION},
    )
    def get(self, request: Request, key: str) -> Response:
        agent = self.agent(key)
        hours = self.hours()
        sections = self.sections(tuple(agent_attribution.SECTIONS))
        span = self.span(hours)
        return Response(
            {
                "agent_name": agent.name,
                "timeframe": _timeframe(hours, span),
                "access_scope": "self" if is_self(self.actor, agent) else "privileged",
                **{name: agent_attribution.SECTIONS[name](agent, span) for name in sections},
            }
        )
