"""The administrator, by the API: gives agents their badges, and knows what waits for a person."""

from __future__ import annotations

from typing import Any

from simulation.client import Client

from .agents.hands import Badge, Body


class CannotPlay(Exception):
    """One line for the user."""


class Office:
    def __init__(self, client: Client) -> None:
        self.client = client

    async def v1(self, method: str, path: str, body: Body | None = None) -> Any:
        answer = await self.client.call("office", method, f"/api/v1{path}", body)
        if not answer.ok:
            raise CannotPlay(f"{method} {path} answered {answer.status}: {answer.error or answer.body}")
        return answer.body

    async def legacy(self, method: str, path: str, body: Body | None = None) -> Any:
        answer = await self.client.call("office", method, f"/api{path}", body)
        if not answer.ok:
            raise CannotPlay(f"{method} /api{path} answered {answer.status}: {answer.error or answer.body}")
        return answer.body

    async def register(self, id: str, **fields: Any) -> Badge:
        body = {"id": id, "name": id, "role": "SPECIALIST", "workspacePath": f"/srv/{id}", **fields}
        await self.v1("POST", "/agents", body)
        token = (await self.v1("POST", "/auth/token", {"agentId": id, "expiresIn": "1d"}))["token"]
        return Badge(self.client.url, id, token)

    async def register_legacy(self, name: str) -> Badge:
        await self.legacy("POST", "/agents/register", {"name": name, "role": "coder"})
        issued = await self.legacy("POST", f"/agents/{name}/keys", {"name": "demo", "scopes": ["operator"]})
        return Badge(self.client.url, name, issued["api_key"])

    async def new_task(self, title: str, type: str, **fields: Any) -> str:
        return str((await self.v1("POST", "/tasks", {"title": title, "type": type, **fields}))["task"]["id"])

    async def pending(self, agents: set[str]) -> list[Body]:
        """Of these agents alone: on a server that others use, their requests are nobody's business here."""
        found = (await self.v1("GET", "/approvals?status=PENDING&limit=200"))["approvals"]
        return [approval for approval in found if approval["requestorAgentId"] in agents]

    async def waiting_tasks(self, agents: set[str]) -> list[Body]:
        """For a review, or because somebody said no."""
        found = (await self.v1("GET", "/tasks?status=REVIEW,BLOCKED&limit=200"))["tasks"]
        return [task for task in found if agents.intersection(task["assigneeIds"])]
