"""An agent that has nothing but the legacy API, and a key of its own for it."""

from __future__ import annotations

from typing import Any

from simulation.client import Client

from .hands import Badge, Body, Refused


class ByLegacy:
    way = "legacy"

    def __init__(self, badge: Badge, client: Client) -> None:
        self.badge = badge
        self.client = client

    async def ask(self, method: str, path: str, body: Body | None = None) -> Any:
        answer = await self.client.call(method, method, f"/api{path}", body, agent=self.badge.id)
        if not answer.ok:
            raise Refused(self.badge.id, f"{method} {path}", str(answer.status), answer.error or str(answer.body))
        return answer.body

    async def connect(self) -> Body:
        told = {"tool_name": "legacy-cli", "tool_version": "1.3.0", "agent_name": self.badge.id, "agent_role": "coder"}
        return dict(await self.ask("POST", "/connect", told))

    async def beat(self) -> list[Body]:
        return list((await self.ask("POST", f"/agents/{self.badge.id}/heartbeat", {})).get("work_items", []))

    async def create(self, **fields: Any) -> Body:
        return dict((await self.ask("POST", "/tasks", fields))["task"])

    async def next_task(self) -> Body | None:
        task: Body | None = (await self.ask("GET", f"/tasks/queue?agent={self.badge.id}"))["task"]
        return task

    async def task(self, id: int) -> Body:
        return dict((await self.ask("GET", f"/tasks/{id}"))["task"])

    async def say(self, id: int, words: str) -> Body:
        return dict((await self.ask("POST", f"/tasks/{id}/comments", {"content": words}))["comment"])

    async def spend(self, id: int, model: str, read: int, written: int) -> Body:
        told = {"model": model, "sessionId": f"{self.badge.id}:cli", "inputTokens": read, "outputTokens": written}
        return dict((await self.ask("POST", "/tokens", {**told, "taskId": id}))["record"])

    async def move(self, id: int, status: str) -> Body:
        return dict((await self.ask("PUT", f"/tasks/{id}", {"status": status}))["task"])
