"""A small server that speaks as much of the contract as the fleet needs, with faults to order."""

from __future__ import annotations

import asyncio
import itertools
import time
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import orjson
from aiohttp import web

KEY = "standin-key"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class StandIn:
    def __init__(self) -> None:
        self.numbers = itertools.count(1)
        self.agents: dict[str, dict[str, Any]] = {}
        self.tasks: dict[int, dict[str, Any]] = {}
        self.comments: dict[int, list[dict[str, Any]]] = {}
        self.usage: list[tuple[str, int]] = []
        self.events: list[tuple[int, bytes]] = []
        self.bell = asyncio.Condition()
        self.fault: Callable[[web.Request], web.Response | None] = lambda request: None
        self.forget_event: Callable[[int], bool] = lambda number: False

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self.gate])
        add = app.router.add_route
        add("POST", "/api/connect", self.connect)
        add("DELETE", "/api/connect", self.disconnect)
        add("GET", "/api/agents", self.list_agents)
        add("POST", "/api/agents/{agent}/heartbeat", self.beat)
        add("POST", "/api/tokens", self.report)
        add("GET", "/api/tokens", self.costs)
        add("GET", "/api/tokens/by-agent", self.by_agent)
        add("GET", "/api/tasks/queue", self.claim)
        add("GET", "/api/tasks", self.list_tasks)
        add("POST", "/api/tasks", self.create_task)
        add("PUT", "/api/tasks/{task}", self.change_task)
        add("GET", "/api/tasks/{task}/comments", self.list_comments)
        add("POST", "/api/tasks/{task}/comments", self.comment)
        add("POST", "/api/quality-review", self.review)
        add("PUT", "/api/notifications", self.nothing)
        add("GET", "/api/activities", self.nothing)
        add("GET", "/api/projects", self.nothing)
        add("POST", "/api/projects", self.create_project)
        add("GET", "/api/events", self.stream)
        return app

    @web.middleware
    async def gate(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.headers.get("x-api-key") != KEY:
            return web.json_response({"error": "Unauthorized"}, status=401)
        return self.fault(request) or await handler(request)

    async def record(self, kind: str, data: dict[str, Any]) -> None:
        number = next(self.numbers)
        body = orjson.dumps({"type": kind, "data": data, "timestamp": int(time.time() * 1000)})
        self.events.append((number, b"id: %d\ndata: %s\n\n" % (number, body)))
        async with self.bell:
            self.bell.notify_all()

    # Agents

    async def connect(self, request: web.Request) -> web.Response:
        name = (await request.json())["agent_name"]
        agent = self.agents.setdefault(name, {"id": len(self.agents) + 1, "name": name})
        await self.record("connection.created", {"agent_name": name})
        return web.json_response({
            "connection_id": str(uuid.uuid4()), "agent_id": agent["id"], "agent_name": name,
            "heartbeat_url": f"/api/agents/{agent['id']}/heartbeat",
        })  # fmt: skip

    async def disconnect(self, request: web.Request) -> web.Response:
        await self.record("connection.disconnected", {})
        return web.json_response({"status": "disconnected"})

    async def list_agents(self, request: web.Request) -> web.Response:
        return web.json_response({"agents": list(self.agents.values())})

    async def beat(self, request: web.Request) -> web.Response:
        usage = (await request.json()).get("token_usage")
        if usage:
            self.count(request.headers.get("x-agent-name", ""), usage)
        return web.json_response({"status": "HEARTBEAT_OK", "token_recorded": bool(usage)})

    async def report(self, request: web.Request) -> web.Response:
        usage = await request.json()
        self.count(usage["sessionId"].partition(":")[0], usage)
        return web.json_response({"success": True})

    def count(self, agent: str, usage: dict[str, Any]) -> None:
        self.usage.append((agent, usage["inputTokens"] + usage["outputTokens"]))

    async def costs(self, request: web.Request) -> web.Response:
        return web.json_response({"trends": [{"timestamp": "2026-03-04T05:00:00.000Z", "cost": len(self.usage) / 100}]})

    async def by_agent(self, request: web.Request) -> web.Response:
        sums: Counter[str] = Counter()
        for name, tokens in self.usage:
            sums[name] += tokens
        return web.json_response({"agents": [{"agent": name, "total_tokens": sum} for name, sum in sums.items()]})

    # Tasks

    async def list_tasks(self, request: web.Request) -> web.Response:
        wanted = request.query.get("status")
        tasks = [task for task in reversed(self.tasks.values()) if wanted in (None, task["status"])]
        offset, limit = int(request.query.get("offset", 0)), int(request.query.get("limit", 50))
        return web.json_response({"tasks": tasks[offset : offset + limit], "total": len(tasks)})

    async def create_task(self, request: web.Request) -> web.Response:
        fields = await request.json()
        status = "assigned" if fields.get("assigned_to") else "inbox"
        task = {"id": len(self.tasks) + 1, "status": status, "assigned_to": None} | fields
        self.tasks[task["id"]] = task
        await self.record("task.created", task)
        return web.json_response({"task": task}, status=201)

    async def change_task(self, request: web.Request) -> web.Response:
        task = self.tasks[int(request.match_info["task"])]
        task.update(await request.json())
        await self.record("task.updated", task)
        return web.json_response({"task": task})

    async def claim(self, request: web.Request) -> web.Response:
        agent = request.query.get("agent")
        if not agent:
            return web.json_response({"error": "Missing agent."}, status=400)
        for reason, statuses, owners in (
            ("continue_current", ("in_progress",), (agent,)),
            ("assigned", ("assigned", "inbox"), (agent, None)),
        ):
            for task in self.tasks.values():
                if task["status"] in statuses and task["assigned_to"] in owners:
                    task.update(status="in_progress", assigned_to=agent)
                    return web.json_response({"task": task, "reason": reason})
        return web.json_response({"task": None, "reason": "no_tasks_available"})

    async def list_comments(self, request: web.Request) -> web.Response:
        return web.json_response({"comments": self.comments.get(int(request.match_info["task"]), [])})

    async def comment(self, request: web.Request) -> web.Response:
        number = int(request.match_info["task"])
        comment = {"id": next(self.numbers), "content": (await request.json())["content"], "replies": []}
        self.comments.setdefault(number, []).append(comment)
        await self.record("comment.created", {"task_id": number})
        return web.json_response({"comment": comment}, status=201)

    async def review(self, request: web.Request) -> web.Response:
        fields = await request.json()
        self.tasks[fields["taskId"]]["status"] = "done" if fields["status"] == "approved" else "in_progress"
        await self.record("task.status_changed", {"id": fields["taskId"]})
        return web.json_response({"success": True, "id": 1})

    async def create_project(self, request: web.Request) -> web.Response:
        return web.json_response({"project": await request.json() | {"id": next(self.numbers)}}, status=201)

    async def nothing(self, request: web.Request) -> web.Response:
        return web.json_response({})

    async def stream(self, request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await answer.prepare(request)
        await answer.write(b'retry: 3000\ndata: {"type":"connected","data":null,"timestamp":0}\n\n')
        last = int(request.headers.get("Last-Event-ID", next(self.numbers)))
        with suppress(ConnectionError):
            await self.follow(answer, last)
        return answer

    async def follow(self, answer: web.StreamResponse, last: int) -> None:
        while True:
            fresh = [(number, frame) for number, frame in self.events if number > last]
            for number, frame in fresh:
                last = number
                if not self.forget_event(number):
                    await answer.write(frame)
            async with self.bell:
                if not any(number > last for number, _ in self.events[-1:]):
                    await self.bell.wait()
