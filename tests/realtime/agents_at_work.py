"""Agents on a real server, who report by their own tokens."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import Any

from tests.server import Server, unique

MAKE = """
from accounts.models import Workspace
from accounts.services import issue_token
from agents.services import create_agent
from core.actors import Role, system
from datetime import timedelta
from django.utils import timezone
home = Workspace.objects.get(id={workspace})
agent = create_agent(actor=system(home.id), now=timezone.now(), name={name!r}, role="coder")
answer = [agent.id, agent.slug, issue_token(actor=system(home.id), role=Role.OPERATOR, workspace=home,
    expires_at=timezone.now() + timedelta(hours=1), agent=(agent.id, agent.name))]
"""


JSON = {"Content-Type": "application/json"}


def ask(server: Server, method: str, path: str, body: Any = None, **rest: Any) -> tuple[int, Any]:
    """By a person's key."""
    return server.ask(method, f"/api/v1{path}", body, headers=JSON, **rest)


@dataclass
class AgentAtWork:
    server: Server
    id: int
    slug: str
    token: str

    def __post_init__(self) -> None:
        self._seq = count(1)

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self.token}"} | JSON
        return self.server.ask(method, f"/api/v1{path}", body, key=None, headers=headers)

    def does(self, type: str, **fields: Any) -> None:
        self.stream({"type": type, **fields})

    def stream(self, *items: dict[str, Any]) -> dict[str, Any]:
        events = [{"seq": next(self._seq), **item} for item in items]
        status, answer = self.ask("POST", f"/agents/{self.slug}/stream", {"sessionKey": "main", "events": events})
        assert (status, answer.get("rejected")) == (202, []), answer
        return dict(answer)

    def asks_permission(self, **fields: Any) -> str:
        body = {"agentId": self.slug, "tool": "Bash", "input": {"command": "ls -la docs"}, **fields}
        status, answer = self.ask("POST", "/permissions", body)
        assert status == 201, answer
        return str(answer["requestId"])

    def permission(self, id: str, wait: int = 0) -> dict[str, Any]:
        return dict(self.ask("GET", f"/permissions/{id}?wait={wait}")[1])


def agent_at_work(server: Server, workspace: int = 1) -> AgentAtWork:
    return AgentAtWork(server, *server.django(MAKE.format(workspace=workspace, name=unique("worker"))))
