"""Agents: who they are, what they may do, and what stops them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any, Literal

import orjson
from django.db.models import Q
from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError
from rest_framework.request import Request
from rest_framework.response import Response

from agents.models import Agent, Mandate
from core.errors import Denied, Invalid, NotFound
from governance.services.controlling import TIMED, control_agent, my_tasks
from governance.services.heartbeats import Beat, Reply, hear_beat
from governance.services.registering import Newcomer, amend_agent, register_agent
from governance.services.restarting import restart_agent
from governance.services.spawning import Purpose, spawn_agent
from governance.services.stats import figures_of, newest_runs
from tasks.models import Task

from .base import V1View
from .body import Dollars, Flag, Shape, Text, Whole, Words, micro
from .ids import row_id
from .listing import words
from .notifications import notifications_out
from .out import agents_out, moment, task_out, tasks_out, usd
from .out_approvals import Reader, approvals_out
from .out_runs import run_out
from .tasks import TaskType, find_task
from .tokens import duration

LISTED_AT_MOST = 1000
SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}\Z")


def _slug(text: str) -> str:
    if not SLUG.match(text):
        raise PydanticCustomError("slug", "must be 1 to 64 of a-z, 0-9, _ and -, and begin with a letter or a digit")
    return text


def _emoji(text: str) -> str:
    if len(text.encode()) > 16:
        raise PydanticCustomError("emoji", "must be at most 16 bytes")
    return text


def _small(metadata: dict[str, Any]) -> dict[str, Any]:
    if len(orjson.dumps(metadata)) > 4096:
        raise PydanticCustomError("metadata", "must be at most 4 KiB")
    return metadata


def _flat(items: list[Any]) -> list[Any]:
    return list(dict.fromkeys(items))


Slug = Annotated[Text, AfterValidator(_slug)]
Name = Annotated[Words, StringConstraints(strip_whitespace=True), Field(min_length=1, max_length=100)]
Emoji = Annotated[Text, AfterValidator(_emoji)]
Path = Annotated[Words, Field(max_length=1024)]
Role = Literal["INTERN", "SPECIALIST", "LEAD"]
TaskTypes = Annotated[list[TaskType], AfterValidator(_flat)]
Tools = Annotated[list[Annotated[Words, Field(max_length=100)]], Field(max_length=200), AfterValidator(_flat)]
SubAgents = Annotated[Whole, Field(ge=0, le=3)]


class NewAgent(Shape):
    id: Slug
    name: Name
    role: Role
    workspace_path: Path
    emoji: Emoji | None = None
    allowed_task_types: TaskTypes = []
    allowed_tools: Tools = []
    budget_daily: Dollars | None = None
    budget_per_run: Dollars | None = None
    can_spawn: Flag | None = None
    max_sub_agents: SubAgents | None = None
    parent_agent_id: Text | None = None
    parent_task_id: Text | None = None
    purpose: Annotated[Words, Field(min_length=1, max_length=500)] | None = None
    metadata: dict[str, Any] = {}


class Amendment(Shape):
    name: Name = ""
    role: Role = "SPECIALIST"
    workspace_path: Path = ""
    emoji: Emoji | None = None
    allowed_task_types: TaskTypes = []
    allowed_tools: Tools = []
    budget_daily: Dollars | None = None
    budget_per_run: Dollars | None = None
    can_spawn: Flag = True
    max_sub_agents: SubAgents = 3
    metadata: dict[str, Any] = {}


# Of the body → of the mandate.
MANDATE = {
    "role": "autonomy",
    "emoji": "emoji",
    "allowed_task_types": "allowed_task_types",
    "allowed_tools": "allowed_tools",
    "budget_daily": "budget_daily_microusd",
    "budget_per_run": "budget_per_run_microusd",
    "can_spawn": "can_spawn",
    "max_sub_agents": "max_sub_agents",
    "metadata": "metadata",
}


def _mandate(given: dict[str, Any]) -> dict[str, Any]:
    values = {column: given[name] for name, column in MANDATE.items() if name in given}
    for column in ("budget_daily_microusd", "budget_per_run_microusd"):
        if column in values:
            values[column] = micro(values[column])
    return values


def find_agent(view: V1View, slug: str) -> Agent:
    agent = Agent.objects.in_workspace(view.actor.workspace_id).filter(slug=slug).first()
    if agent is None:
        raise NotFound(f"There is no agent {slug[:80]}")
    return agent


def one_out(agent: Agent) -> dict[str, Any]:
    return agents_out([agent])[0]


def _with(column: str, values: list[str], *, usual: str) -> Q:
    """Agents that came by another way than registration have the usual mandate."""
    wanted = Q(**{f"mandate__{column}__in": values})
    return wanted | Q(mandate=None) if usual in values else wanted


class Agents(V1View):
    route = "agents"

    def get(self, request: Request) -> Response:
        rows = Agent.objects.in_workspace(self.actor.workspace_id)
        if statuses := words(request.query_params, "status", Mandate.Control.values):
            rows = rows.filter(_with("control", statuses, usual=Mandate.Control.ACTIVE))
        if roles := words(request.query_params, "role", Mandate.Autonomy.values):
            rows = rows.filter(_with("autonomy", roles, usual=Mandate.Autonomy.SPECIALIST))
        return Response({"agents": agents_out(list(rows.order_by("slug")[:LISTED_AT_MOST]))})

    def post(self, request: Request) -> Response:
        """By administrators, and by agents that start others."""
        want = self.read(NewAgent)
        given = {name: value for name, value in want.given().items() if value is not None}
        newcomer = Newcomer(want.id, want.name, want.workspace_path, want.role, _mandate(given))
        if self.actor.kind == "agent":
            return self._spawn(want, newcomer)
        if want.parent_agent_id is not None:
            newcomer.mandate["parent"] = self._parent(want.parent_agent_id)
        if want.parent_task_id is not None:
            newcomer.mandate["parent_task_id"] = self._parent_task(want.parent_task_id).pk
        newcomer.mandate["purpose"] = want.purpose or ""
        agent = register_agent(newcomer=newcomer, actor=self.actor, now=self.now)
        return Response({"agent": one_out(agent)}, status=201)

    def _spawn(self, want: NewAgent, newcomer: Newcomer) -> Response:
        if want.parent_agent_id != self.agent.slug:
            raise Denied("An agent starts others only as its own: parentAgentId is itself", code="AGENT_MISMATCH")
        missing = [name for name in ("parentTaskId", "purpose") if not self.sent.get(name)]
        if missing or want.parent_task_id is None or want.purpose is None:
            raise Invalid("The request is not valid", details=[f"{name}: is required" for name in missing])
        purpose = Purpose(self._parent_task(want.parent_task_id), want.purpose)
        child = spawn_agent(newcomer=newcomer, parent=self.agent, purpose=purpose, actor=self.actor, now=self.now)
        return Response({"agent": one_out(child)}, status=201)

    def _parent(self, slug: str) -> Agent:
        try:
            return find_agent(self, slug)
        except NotFound as error:
            raise Invalid("The request is not valid", details=[f"parentAgentId: {error.message}"]) from None

    def _parent_task(self, id: str) -> Task:
        try:
            return find_task(self, id)
        except NotFound as error:
            raise Invalid("The request is not valid", details=[f"parentTaskId: {error.message}"]) from None


class OneAgent(V1View):
    route = "agent"

    def get(self, request: Request, id: str) -> Response:
        agent = find_agent(self, id)
        body = {
            "agent": one_out(agent),
            "stats": figures_of(agent, now=self.now),
            "recentRuns": [run_out(run) for run in newest_runs(agent)],
        }
        at_work = Mandate.objects.filter(agent=agent).values_list("current_task_id", flat=True).first()
        here = Task.objects.in_workspace(agent.workspace_id).select_related("project")
        if at_work and (task := here.filter(pk=at_work).first()):
            body["currentTask"] = task_out(task)
        return Response(body)

    def patch(self, request: Request, id: str) -> Response:
        agent = find_agent(self, id)
        if "status" in self.sent:
            told = "status: agents are stopped and resumed with POST /agents/{id}/control"
            raise Invalid("The request is not valid", details=[told])
        given = self.read(Amendment).given()
        columns: dict[str, Any] = {name: given[name] for name in ("name", "workspace_path") if name in given}
        agent = amend_agent(agent=agent, actor=self.actor, now=self.now, columns=columns, mandate=_mandate(given))
        return Response({"agent": one_out(agent)})


class Order(Shape):
    action: Literal["PAUSE", "RESUME", "DRAIN", "QUARANTINE", "RESTART"]
    reason: Annotated[Text, Field(max_length=500)] | None = None
    duration: Text | None = None


class Control(V1View):
    route = "agent-control"

    def post(self, request: Request, id: str) -> Response:
        agent = find_agent(self, id)
        want = self.read(Order)
        if want.duration is not None and want.action not in TIMED:
            raise Invalid("The request is not valid", details=[f"duration: {want.action} has none"])
        span = duration(want.duration, field="duration", least=timedelta(seconds=1)) if want.duration else None
        affected: list[Task] = []
        if want.action == "RESTART":
            restart_agent(agent=agent, actor=self.actor, now=self.now, reason=want.reason)
        else:
            affected = control_agent(
                agent=agent, action=want.action, actor=self.actor, now=self.now, reason=want.reason, duration=span
            )
        body: dict[str, Any] = {"agent": one_out(find_agent(self, id))}
        if affected:
            body["affectedTasks"] = tasks_out(affected, whole=True)
        return Response(body)


class BeatFields(Shape):
    session_key: Annotated[Words, Field(min_length=1, max_length=128)]
    status: Literal["HEALTHY", "BUSY", "IDLE"]
    current_task_id: Any = None
    metadata: Annotated[dict[str, Any], AfterValidator(_small)] = {}


class Heartbeat(V1View):
    route = "agent-heartbeat"
    open_in_quarantine = True

    def post(self, request: Request, id: str) -> Response:
        agent = find_agent(self, id)
        if self.actor.kind == "agent" and agent.pk != self.agent.pk:
            raise Denied("An agent beats for itself alone", code="AGENT_MISMATCH")
        want = self.read(BeatFields)
        task, warnings = self._current(agent, want.current_task_id)
        beat = Beat(want.session_key, want.status, task, want.metadata)
        reply = hear_beat(agent=agent, beat=beat, actor=self.actor, now=self.now)
        return Response(self._answer(reply, warnings))

    def _current(self, agent: Agent, id: Any) -> tuple[Task | None, list[str]]:
        if id is None:
            return None, []
        try:
            task = my_tasks(agent).filter(pk=row_id("task", str(id))).first()
        except NotFound:
            task = None
        return task, [] if task else [f"currentTaskId: {str(id)[:80]} is no task of this agent"]

    def _answer(self, reply: Reply, warnings: list[str]) -> dict[str, Any]:
        mandate = reply.mandate
        control = None
        if reply.restart:
            asked_at, reason = reply.restart
            control = {"action": "RESTART", "reason": reason, "requestedAt": moment(asked_at)}
        return {
            "acknowledged": True,
            "pendingNotifications": notifications_out(reply.notes, now=self.now),
            "pendingApprovals": approvals_out(reply.approvals, Reader(self.actor, reply.agent, mandate)),
            "assignedTasks": tasks_out(reply.tasks),
            "agentStatus": mandate.control,
            "control": control,
            "budget": {
                "daily": usd(reply.budget.daily, 2),
                "spentToday": usd(reply.budget.spent_today),
                "remaining": usd(reply.budget.remaining),
                "perRunCap": usd(reply.budget.per_run_cap, 2),
            },
            "warnings": warnings,
        }
