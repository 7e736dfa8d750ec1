"""The working memory of agents."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from agents.models import Agent
from agents.scope import check_own
from agents.services import clear_memory, find_agent, write_memory
from api.schemas import FLAG, TEXT, WHOLE, has
from core.clock import seconds
from core.errors import Invalid

from .agent_soul import BRIEF, SOURCE, brief
from .base import LegacyView
from .docs import describe

MEMORY = has(agent=BRIEF, working_memory=TEXT, source=SOURCE, updated_at=WHOLE, size=WHOLE)
WRITTEN = has(success=FLAG, message=TEXT, working_memory=TEXT, saved_to_workspace=FLAG, updated_at=WHOLE, size=WHOLE)
CLEARED = has(success=FLAG, message=TEXT, working_memory=TEXT, saved_to_workspace=FLAG, updated_at=WHOLE)


class AgentMemory(LegacyView):
    route = "agent-memory"

    @describe("What an agent noted for itself.", answers={200: MEMORY})
    def get(self, request: Request, key: str) -> Response:
        agent = self._own(key)
        return Response(
            {
                "agent": brief(agent),
                "working_memory": agent.working_memory,
                "source": "database" if agent.working_memory else "none",
                "updated_at": seconds(agent.updated_at),
                "size": len(agent.working_memory),
            }
        )

    @describe(
        "Replace an agent's notes, or add to them.",
        body=has("working_memory", "append", working_memory=TEXT, append=FLAG),
        answers={200: WRITTEN},
    )
    def put(self, request: Request, key: str) -> Response:
        sent = self.sent_object()
        text = sent.get("working_memory") or ""
        if not isinstance(text, str):
            raise Invalid(details=["working_memory: Invalid input"])
        append = bool(sent.get("append"))
        agent = write_memory(agent=self._own(key), now=self.now, text=text, append=append)
        message = f"Working memory of {agent.name} {'extended' if append else 'updated'}"
        return Response({**_written(agent, message), "size": len(agent.working_memory)})

    @describe("Forget an agent's notes.", answers={200: CLEARED})
    def delete(self, request: Request, key: str) -> Response:
        agent = clear_memory(agent=self._own(key), now=self.now)
        return Response(_written(agent, f"Working memory of {agent.name} cleared"))

    def _own(self, key: str) -> Agent:
        return check_own(self.actor, find_agent(self.actor.workspace_id, key), key=key)


def _written(agent: Agent, message: str) -> dict[str, Any]:
    return {
        "success": True,
        "message": message,
        "working_memory": agent.working_memory,
        "saved_to_workspace": False,
        "updated_at": seconds(agent.updated_at),
    }
