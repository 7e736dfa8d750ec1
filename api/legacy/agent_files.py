"""Files of agents' workspaces."""

from __future__ import annotations

from typing import NoReturn

from rest_framework.request import Request

from agents import workspaces
from agents.services import find_agent
from api.schemas import FLAG, TEXT, WHOLE, each, has
from core.errors import Invalid

from .base import LegacyView
from .docs import describe

FILE = has(exists=FLAG, content=TEXT)
FILES = has(agent=has(id=WHOLE, name=TEXT), workspace=TEXT, files=each(FILE))


class AgentFiles(LegacyView):
    route = "agent-files"
    is_global = True

    @describe("The files of an agent's workspace, or one of them.", query=("file",), answers={200: FILES})
    def get(self, request: Request, key: str) -> NoReturn:
        agent = find_agent(self.actor.workspace_id, key)
        workspaces.workspace_of(agent)

    @describe(
        "Write a file of an agent's workspace.",
        body=has("content", file=TEXT, content=TEXT),
        answers={200: has(success=FLAG, file=TEXT, size=WHOLE)},
    )
    def put(self, request: Request, key: str) -> NoReturn:
        sent = self.sent_object()
        file, content = sent.get("file", ""), sent.get("content", "")
        agent = find_agent(self.actor.workspace_id, key)
        workspaces.check_name(file if isinstance(file, str) else "")
        if not isinstance(content, str):
            raise Invalid(details=["content: Invalid input"])
        workspaces.check_size(content)
        workspaces.workspace_of(agent)
