"""Beats of agents, answered with what waits for them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import orjson
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError
from rest_framework.request import Request
from rest_framework.response import Response

from agents.models import Agent, Mandate
from api.schemas import TEXT, has, many, maybe
from core.errors import Denied, NotFound
from governance.services.controlling import my_tasks
from governance.services.heartbeats import Beat, Reply, hear_beat
from tasks.models import Task

from .agents import find_agent
from .base import V1View
from .body import Shape, Words
from .docs.schema import MOMENT, one_of, only, ref
from .docs.words import describe
from .ids import row_id
from .notifications import notifications_out
from .out import budget_out, moment, tasks_out
from .out_approvals import Reader, approvals_out


def _small(metadata: dict[str, Any]) -> dict[str, Any]:
    if len(orjson.dumps(metadata)) > 4096:
        raise PydanticCustomError("metadata", "must be at most 4 KiB")
    return metadata


class BeatFields(Shape):
    session_key: Annotated[Words, Field(min_length=1, max_length=128)]
    status: Literal["HEALTHY", "BUSY", "IDLE"]
    current_task_id: Any = None
    metadata: Annotated[dict[str, Any], AfterValidator(_small)] = {}


class Heartbeat(V1View):
    route = "agent-heartbeat"
    open_in_quarantine = True

    @describe(
        "Say that an agent is alive, and hear what waits for it.",
        body=BeatFields,
        answers={
            200: has(
                acknowledged=only(True),
                pendingNotifications=many(ref("Notification")),
                pendingApprovals=many(ref("Approval")),
                assignedTasks=many(ref("Task")),
                agentStatus=one_of(Mandate.Control.values),
                control=maybe(has(action=TEXT, reason=maybe(TEXT), requestedAt=MOMENT)),
                budget=ref("Budget"),
                warnings=many(TEXT),
            )
        },
        note="An agent beats for itself alone.",
    )
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
            "budget": budget_out(reply.budget),
            "warnings": warnings,
        }
