"""One HTTP client for the whole fleet: it measures every request and enters acknowledged writes into the ledger."""

from __future__ import annotations

import asyncio
import time
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import aiohttp
import orjson

from simulation.answer import Answer, decoded
from simulation.ledger import Ledger, Usage
from simulation.meters import Meters
from simulation.throttle import Throttles, Urgency

PATIENCE = aiohttp.ClientTimeout(total=30, sock_connect=5)
# Shorter than the server keeps an idle connection, so a POST never meets one that is just being closed.
KEEP_ALIVE = 4.0
TRIES_WHEN_LIMITED = 15  # with five seconds between two, more than a minute
MUTATION = "mutation"  # the one limiter that all changes from one address share


class Client:
    def __init__(self, url: str, key: str, *, meters: Meters | None = None, ledger: Ledger | None = None) -> None:
        self.url = url.rstrip("/")
        self.key = key
        self.meters = meters or Meters()
        self.ledger = ledger or Ledger()
        self.throttles = Throttles()
        self.cut_off = 0
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE)
        self._session = aiohttp.ClientSession(connector=connector, headers={"x-api-key": self.key}, timeout=PATIENCE)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.session.close()

    @property
    def session(self) -> aiohttp.ClientSession:
        assert self._session is not None, "use the client as a context manager"
        return self._session

    # Any request

    async def call(
        self,
        kind: str,
        method: str,
        path: str,
        body: Any = None,
        *,
        agent: str = "",
        limiter: str = "",
        urgency: Urgency = Urgency.NEW,
    ) -> Answer:
        """One request, measured as `kind`; a 429 is waited out a few times before it becomes the answer."""
        throttle = self.throttles[limiter or kind]
        for _ in range(TRIES_WHEN_LIMITED):
            await throttle.wait(urgency)
            answer = await self.once(kind, method, path, body, agent=agent)
            if answer.status != 429:
                break
            throttle.refused(answer.headers)
        return answer

    async def once(self, kind: str, method: str, path: str, body: Any = None, *, agent: str = "") -> Answer:
        headers = {"x-agent-name": agent} if agent else {}
        if body is not None:
            headers["Content-Type"] = "application/json"
        began = time.perf_counter()
        try:
            data = None if body is None else orjson.dumps(body)
            async with self.session.request(method, self.url + path, data=data, headers=headers) as reply:
                answer = Answer(reply.status, decoded(await reply.read()), reply.headers)
        except asyncio.CancelledError:
            # Sent, but nobody will hear the answer: the ledger can no longer be compared with the server.
            self.cut_off += 1
            raise
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            answer = Answer(0, error=f"{type(error).__name__}: {error}")
        self.meters.add(kind, answer.status, time.perf_counter() - began)
        if not answer.ok:
            self.meters.keep_sample(answer.status, f"{method} {path}: {answer.error or answer.body}")
        return answer

    async def read(self, kind: str, path: str, *, agent: str = "") -> Answer:
        return await self.call(kind, "GET", path, agent=agent)

    async def write(
        self, kind: str, method: str, path: str, body: Any, *, agent: str = "", urgency: Urgency = Urgency.NEW
    ) -> Answer:
        """A write that falls under the one limit per address that all changes share."""
        return await self.call(kind, method, path, body, agent=agent, limiter=MUTATION, urgency=urgency)

    @property
    def writes_are_limited(self) -> bool:
        return self.throttles[MUTATION].limited

    # What agents do

    async def connect(self, agent: str, role: str, tool: str, version: str) -> Answer:
        body = {"tool_name": tool, "tool_version": version, "agent_name": agent, "agent_role": role}
        return await self.call("connect", "POST", "/api/connect", body, agent=agent)

    async def disconnect(self, agent: str, connection_id: str) -> Answer:
        return await self.call("disconnect", "DELETE", "/api/connect", {"connection_id": connection_id}, agent=agent)

    async def beat(self, agent: str, path: str, connection_id: str, usage: Usage | None = None) -> Answer:
        body: dict[str, Any] = {"connection_id": connection_id}
        if usage:
            body["token_usage"] = _usage_fields(usage)
        answer = await self.call("beat", "POST", path, body, agent=agent, limiter=f"beat:{agent}")
        if usage and (answer.unsure or (answer.ok and answer.get("token_recorded"))):
            self.ledger.used_tokens(_as_answered(usage, answer))
        return answer

    async def report_tokens(self, usage: Usage, *, session: str, duration_ms: int) -> Answer:
        body = _usage_fields(usage) | {"sessionId": session, "operation": "chat_completion", "duration": duration_ms}
        answer = await self.call("tokens", "POST", "/api/tokens", body, agent=usage.agent)
        if answer.unsure or answer.ok:
            self.ledger.used_tokens(_as_answered(usage, answer))
        return answer

    async def claim(self, agent: str) -> Answer:
        sent = time.monotonic()
        path = f"/api/tasks/queue?agent={quote(agent)}"
        answer = await self.call("claim", "GET", path, agent=agent, limiter=f"poll:{agent}")
        if answer.unsure:
            self.ledger.lost_claim(agent)
        elif answer.ok and answer.get("reason") == "assigned":
            self.ledger.wrote_task(answer.get("task", "id"), answer.get("task", "status"), sent)
        return answer

    # What everybody does with tasks

    async def create_task(self, fields: dict[str, Any]) -> Answer:
        sent = time.monotonic()
        answer = await self.write("create task", "POST", "/api/tasks", fields)
        if answer.ok:
            self.ledger.created_task(answer.get("task", "id"), fields["title"], answer.get("task", "status"), sent)
        return answer

    async def change_task(self, task_id: int, fields: dict[str, Any], *, agent: str = "") -> Answer:
        urgency = Urgency.RESULT if "status" in fields else Urgency.NEW
        sent = time.monotonic()
        answer = await self.write("change task", "PUT", f"/api/tasks/{task_id}", fields, agent=agent, urgency=urgency)
        if answer.ok:
            self.ledger.wrote_task(task_id, answer.get("task", "status"), sent)
        elif answer.unsure and "status" in fields:
            self.ledger.wrote_task(task_id, fields["status"], sent, acknowledged=False)
        return answer

    async def comment(self, task_id: int, content: str, *, agent: str = "", parent: int | None = None) -> Answer:
        urgency = Urgency.TALK if agent else Urgency.NEW
        body = {"content": content} | ({"parent_id": parent} if parent else {})
        answer = await self.write(
            "comment", "POST", f"/api/tasks/{task_id}/comments", body, agent=agent, urgency=urgency
        )
        if answer.ok:
            self.ledger.commented(task_id, answer.get("comment", "id"), content)
        return answer

    async def review(self, task_id: int, reviewer: str, *, approved: bool, notes: str) -> Answer:
        sent = time.monotonic()
        verdict, status = ("approved", "done") if approved else ("rejected", "in_progress")
        body = {"taskId": task_id, "reviewer": reviewer, "status": verdict, "notes": notes}
        answer = await self.write(
            "review", "POST", "/api/quality-review", body, agent=reviewer, urgency=Urgency.VERDICT
        )
        if answer.ok or answer.unsure:
            self.ledger.wrote_task(task_id, status, sent, acknowledged=answer.ok)
        return answer


def _usage_fields(usage: Usage) -> dict[str, Any]:
    fields = {"model": usage.model, "inputTokens": usage.input_tokens, "outputTokens": usage.output_tokens}
    return fields | ({"taskId": usage.task_id} if usage.task_id else {})


def _as_answered(usage: Usage, answer: Answer) -> Usage:
    return Usage(usage.agent, usage.model, usage.input_tokens, usage.output_tokens, usage.task_id, answer.ok)
