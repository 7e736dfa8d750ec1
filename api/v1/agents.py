"""Agents: who they are, what they may do, and what stops them."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from django.db.models import Q
from pydantic import Field
from rest_framework.request import Request
from rest_framework.response import Response

from agents.models import Agent, Mandate
from api.schemas import NUMBER, has, many, maybe
from core.errors import Denied, Invalid, NotFound
from governance.services.controlling import TIMED, control_agent
from governance.services.registering import Newcomer, amend_agent, register_agent
from governance.services.restarting import restart_agent
from governance.services.spawning import Purpose, spawn_agent
from governance.services.stats import figures_of, newest_runs
from tasks.models import Task

from .agent_fields import Amendment, NewAgent, mandate_of
from .base import V1View
from .body import Shape, Text
from .docs.schema import COUNT, ref
from .docs.words import describe, listed
from .listing import words
from .out import agents_out, task_out, tasks_out
from .out_runs import run_out
from .tasks import find_task
from .tokens import Duration, duration

LISTED_AT_MOST = 1000


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

    @describe(
        "All agents, by their ids.",
        query={"status": listed(Mandate.Control.values), "role": listed(Mandate.Autonomy.values)},
        answers={200: has(agents=many(ref("Agent")))},
    )
    def get(self, request: Request) -> Response:
        rows = Agent.objects.in_workspace(self.actor.workspace_id)
        if statuses := words(request.query_params, "status", Mandate.Control.values):
            rows = rows.filter(_with("control", statuses, usual=Mandate.Control.ACTIVE))
        if roles := words(request.query_params, "role", Mandate.Autonomy.values):
            rows = rows.filter(_with("autonomy", roles, usual=Mandate.Autonomy.SPECIALIST))
        return Response({"agents": agents_out(list(rows.order_by("slug")[:LISTED_AT_MOST]))})

    @describe(
        "Register an agent; as an agent, start one below itself.",
        body=NewAgent,
        answers={201: has(agent=ref("Agent"))},
        codes="CONFLICT POLICY_VIOLATION STATE_CONFLICT",
        note="An agent names itself as `parentAgentId`, and a task of its own with a purpose.",
    )
    def post(self, request: Request) -> Response:
        """By administrators, and by agents that start others."""
        want = self.read(NewAgent)
        given = {name: value for name, value in want.given().items() if value is not None}
        newcomer = Newcomer(want.id, want.name, want.workspace_path, want.role, mandate_of(given))
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
            raise Invalid.fields(*(f"{name}: is required" for name in missing))
        purpose = Purpose(self._parent_task(want.parent_task_id), want.purpose)
        child = spawn_agent(newcomer=newcomer, parent=self.agent, purpose=purpose, actor=self.actor, now=self.now)
        return Response({"agent": one_out(child)}, status=201)

    def _parent(self, slug: str) -> Agent:
        try:
            return find_agent(self, slug)
        except NotFound as error:
            raise Invalid.fields(f"parentAgentId: {error.message}") from None

    def _parent_task(self, id: str) -> Task:
        try:
            return find_task(self, id)
        except NotFound as error:
            raise Invalid.fields(f"parentTaskId: {error.message}") from None


class OneAgent(V1View):
    route = "agent"

    @describe(
        "One agent with its figures.",
        answers={
            200: has(
                "currentTask",
                agent=ref("Agent"),
                stats=has(
                    tasksCompleted=COUNT,
                    tasksInProgress=COUNT,
                    spendToday=NUMBER,
                    spendThisWeek=NUMBER,
                    avgTaskDuration=maybe({**NUMBER, "description": "Seconds."}),
                    errorRate={**NUMBER, "minimum": 0, "maximum": 1},
                ),
                recentRuns=many(ref("Run")),
                currentTask=ref("Task"),
            )
        },
    )
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

    @describe("Change what an agent may do.", body=Amendment, answers={200: has(agent=ref("Agent"))}, codes="CONFLICT")
    def patch(self, request: Request, id: str) -> Response:
        agent = find_agent(self, id)
        if "status" in self.sent:
            told = "status: agents are stopped and resumed with POST /agents/{id}/control"
            raise Invalid.fields(told)
        given = self.read(Amendment).given()
        columns: dict[str, Any] = {name: given[name] for name in ("name", "workspace_path") if name in given}
        agent = amend_agent(agent=agent, actor=self.actor, now=self.now, columns=columns, mandate=mandate_of(given))
        return Response({"agent": one_out(agent)})


class Order(Shape):
    action: Literal["PAUSE", "RESUME", "DRAIN", "QUARANTINE", "RESTART"]
    reason: Annotated[Text, Field(max_length=500)] | None = None
    duration: Duration | None = None


class Control(V1View):
    route = "agent-control"

    @describe(
        "Pause, resume, drain, quarantine or restart an agent.",
        body=Order,
        answers={200: has("affectedTasks", agent=ref("Agent"), affectedTasks=many(ref("Task")))},
    )
    def post(self, request: Request, id: str) -> Response:
        agent = find_agent(self, id)
        want = self.read(Order)
        if want.duration is not None and want.action not in TIMED:
            raise Invalid.fields(f"duration: {want.action} has none")
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
