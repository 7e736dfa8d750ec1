"""Agents and their heartbeats."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import limits
from agents.models import Agent
from agents.services import configure_agent, create_agent, delete_agent, find_agent, find_named, update_agent
from core.clock import seconds
from core.errors import Denied, Invalid, NotFound
from core.rows import Record, Select
from realtime.wire import legacy
from realtime.wire.legacy_in import connection_id_in, spent_in
from tasks.models import Task
from tokens.beats import Answer, Beat, Spent, take_beats

from . import shapes
from .answers import ERROR
from .base import LegacyView
from .docs import describe
from .queries import page_of
from .remembered import Remembered

CREATE = shapes.AgentFields()
LISTED = Select(Agent, legacy.AGENT_KEYS)
NAME = LISTED.names.index("name")
ENCODED = Remembered(lambda key: _listed(*key))
NO_GATEWAY = "no gateway is connected to this server"
UPDATABLE = ("status", "last_activity", "config", "session_key", "soul_content", "role")


class Agents(LegacyView):
    route = "agents"
    limited = frozenset({"POST", "PUT"})

    @describe("Agents, newest first.", query=("status", "role", "show_hidden"), paged=True, answers={200: "Agents"})
    def get(self, request: Request) -> Response:
        limit, offset = self.page()
        where: dict[str, Any] = {"workspace_id": self.actor.workspace_id}
        if self.query("show_hidden") != "true":
            where["hidden"] = False
        where |= {name: self.query(name) for name in ("status", "role") if self.query(name)}
        total = LISTED.count(where)
        shown = LISTED.records(where, order="t.created_at DESC, t.id DESC", limit=limit, offset=offset)
        stats = _task_stats(self.actor.workspace_id, [record[NAME] for record in shown])
        agents = [ENCODED[record, tuple(stats.get(record[NAME], legacy.NO_TASKS).values())] for record in shown]
        return Response({"agents": agents, "total": total, "page": page_of(limit, offset), "limit": limit})

    @describe("Add an agent.", body=shapes.AgentFields, answers={201: "AgentAnswer", 502: ERROR})
    def post(self, request: Request) -> Response:
        want = self.read(CREATE)
        config = {**want.get("config", {}), **want.get("gateway_config", {})}
        if "openclaw_id" in want:
            config.setdefault("openclawId", want["openclaw_id"])
        fields = {
            name: want[name] for name in ("session_key", "soul_content", "status", "runtime_type") if name in want
        }
        if want.get("provision_openclaw_workspace"):
            return Response({"error": f"Workspace provisioning failed: {NO_GATEWAY}"}, status=502)
        agent = create_agent(
            actor=self.actor,
            now=self.now,
            name=want["name"],
            role=want.get("role", ""),
            template=want.get("template", ""),
            config=config,
            **fields,
        )
        body: dict[str, Any] = {"agent": {**legacy.agent(agent.snapshot()), "taskStats": legacy.NO_TASKS}}
        if want.get("write_to_gateway"):
            body["warning"] = f"The agent was added here, but not written to a gateway: {NO_GATEWAY}"
        return Response(body, status=201)

    @describe("Update an agent by its name.", body="AgentUpdate", answers={200: "Success"})
    def put(self, request: Request) -> Response:
        sent = self.sent_object()
        name = sent.get("name")
        if not isinstance(name, str) or not name:
            raise Invalid("Agent name is required")
        changes = _changes(sent)
        agent = find_named(self.actor.workspace_id, name)
        if agent is None:
            raise NotFound("Agent not found")
        update_agent(agent=agent, actor=self.actor, now=self.now, changes=changes)
        return Response({"success": True})


def _listed(record: Record, counts: tuple[int, ...]) -> dict[str, Any]:
    return {**legacy.agent(LISTED.named(record)), "taskStats": dict(zip(legacy.NO_TASKS, counts, strict=True))}


def _changes(sent: dict[str, Any]) -> dict[str, Any]:
    changes = {name: sent[name] for name in UPDATABLE if sent.get(name) is not None}
    for name, value in changes.items():
        if not isinstance(value, dict if name == "config" else str):
            raise Invalid(details=[f"{name}: Invalid input"])
    for name, longest in (("status", 20), ("role", 100), ("session_key", 200)):
        if len(changes.get(name, "")) > longest:
            raise Invalid(details=[f"{name}: Invalid input"])
    if "runtime_type" in sent:
        runtime = sent["runtime_type"] or None
        if runtime is not None and runtime not in list(shapes.RUNTIMES):
            raise Invalid("Invalid runtime_type")
        changes["runtime_type"] = runtime
    if not changes:
        raise Invalid("No fields to update")
    return changes


def _task_stats(workspace_id: int, names: list[str]) -> dict[str, dict[str, int]]:
    stats: dict[str, dict[str, int]] = {}
    for name, status, n in Task.objects.counts_of(workspace_id, names):
        mine = stats.setdefault(name, dict(legacy.NO_TASKS))
        mine["total"] += n
        word = legacy.STATUS_WORDS[status]
        if word in mine:
            mine[word] += n
        if word == "done":
            mine["completed"] += n
    return stats


class OneAgent(LegacyView):
    """By id or exact name."""

    route = "agent"

    @describe("One agent.", answers={200: "OneAgentAnswer"})
    def get(self, request: Request, key: str) -> Response:
        agent = find_agent(self.actor.workspace_id, key)
        return Response({"agent": legacy.agent(agent.snapshot())})

    @describe(
        "Set an agent's role and merge its configuration.",
        body="AgentConfigure",
        answers={200: "AgentUpdated", 502: ERROR},
    )
    def put(self, request: Request, key: str) -> Response:
        sent = self.sent_object()
        role, config = sent.get("role"), sent.get("gateway_config")
        if role is not None and not (isinstance(role, str) and len(role) <= 100):
            raise Invalid(details=["role: Invalid input"])
        if config is not None and not isinstance(config, dict):
            raise Invalid(details=["gateway_config: Invalid input"])
        agent = find_agent(self.actor.workspace_id, key)
        if sent.get("write_to_gateway") is True:
            return Response({"error": f"Save failed: unable to update gateway config: {NO_GATEWAY}"}, status=502)
        agent = configure_agent(agent=agent, actor=self.actor, now=self.now, role=role, config=config)
        return Response({"success": True, "agent": legacy.agent(agent.snapshot())})

    @describe("Remove an agent with its connections and keys.", body="AgentRemove", answers={200: "AgentDeleted"})
    def delete(self, request: Request, key: str) -> Response:
        sent = self.sent()
        remove = isinstance(sent, dict) and sent.get("remove_workspace") is True
        agent = find_agent(self.actor.workspace_id, key)
        delete_agent(agent=agent, actor=self.actor, now=self.now, remove_workspace=remove)
        body = {"success": True, "deleted": agent.name, "remove_workspace": remove}
        if remove:
            body["warning"] = "The agent has no workspace on this server: no files were removed"
        return Response(body)


class Heartbeat(LegacyView):
    """GET beats as well. POST is normally answered by `ingest.hotpaths`, by the same services."""

    route = "agent-heartbeat"
    limit = limits.HEARTBEAT

    @describe("Beat, and see what waits.", answers={200: "HeartbeatAnswer"})
    def get(self, request: Request, key: str) -> Response:
        answer = self._beat(key, sent=None)
        return Response(self._shape(answer))

    @describe("Beat, report tokens, and see what waits.", body="Heartbeat", answers={200: "HeartbeatAnswer"})
    def post(self, request: Request, key: str) -> Response:
        self.check_rate(limits.HEARTBEAT, self.actor.agent_name or self.ip)
        answer = self._beat(key, sent=self.sent(), spent=spent_in(self.sent()))
        return Response({**self._shape(answer), "token_recorded": answer.token_recorded})

    def _beat(self, key: str, *, sent: Any, spent: Spent | None = None) -> Answer:
        beat = Beat(self.actor, key, connection_id_in(sent), spent)
        outcome = take_beats([beat], now=self.now)[0]
        if outcome is None:
            raise NotFound("Agent not found")
        if isinstance(outcome, Denied):
            raise outcome
        return outcome

    def _shape(self, answer: Answer) -> dict[str, Any]:
        return legacy.heartbeat(answer.agent.name, answer.waiting, checked_at=seconds(self.now) or 0)
