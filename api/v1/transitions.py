"""Moves of a task, and how it has moved."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError
from rest_framework.request import Request
from rest_framework.response import Response

from api.schemas import TEXT, has, many
from core.errors import Invalid
from governance.services.handing import Handed
from governance.services.moving import Moved, Wish, move, refused
from governance.services.situation import look
from governance.states import STATUSES
from tasks.models import Task
from tasks.models import Transition as Row

from .base import Made, V1View
from .body import Shape, Text
from .docs.schema import id_of, one_of, only, ref
from .docs.words import describe
from .ids import shown
from .out import slugs_of, task_out, transition_out
from .pieces import Deliverable, ReviewChecklist, WorkPlan, attempt
from .tasks import Slugs, find_agents, find_task


def _status(value: Any) -> Any:
    if value not in STATUSES:
        raise PydanticCustomError("status", "must be one of " + ", ".join(STATUSES))
    return value


class TransitionFields(Shape):
    to_status: Annotated[Text, BeforeValidator(_status), WithJsonSchema(one_of(STATUSES))]
    reason: Annotated[Text, Field(max_length=2000)] | None = None
    session_key: Annotated[Text, Field(max_length=128)] | None = None
    assignee_ids: Slugs | None = None


# What a move may bring along.
PARTS: dict[str, type[Shape]] = {
    "workPlan": WorkPlan,
    "deliverable": Deliverable,
    "reviewChecklist": ReviewChecklist,
}


class Transition(V1View):
    route = "task-transition"
    makes = Row

    @describe(
        "Move a task.",
        body=TransitionFields,
        parts=PARTS,
        answers={
            200: has(
                "warnings",
                "loop",
                success=only(True),
                task=ref("Task"),
                transition=ref("TaskTransition"),
                warnings=many(TEXT),
                loop=has(type=ref("LoopType"), messageId=id_of("msg")),
            ),
            400: ref("TransitionFailure"),
            403: ref("TransitionFailure"),
        },
        codes="INVALID_TRANSITION POLICY_VIOLATION AGENT_PAUSED ALREADY_CLAIMED STATE_CONFLICT CONFLICT",
        note="Who may make which move, and what it needs: `/docs/states/`.",
    )
    def post(self, request: Request, id: str) -> Response:
        task = find_task(self, id)
        agent = self.acting_agent
        try:
            wish = self._wish()
        except Invalid as refusal:
            raise refused(refusal, look(task, actor=self.actor, agent=agent)) from refusal
        moved = move(task=task, actor=self.actor, agent=agent, now=self.now, wish=wish)
        self.made = moved.transition
        return Response(self._answer(moved))

    def again(self, made: Made) -> Response:
        assert isinstance(made, Row)
        return Response(self._answer(Moved(made.task, made)))

    def _wish(self) -> Wish:
        want = self.read(TransitionFields)
        assignees = None if want.assignee_ids is None else find_agents(self, want.assignee_ids, "assigneeIds")
        return Wish(
            to=want.to_status,
            reason=(want.reason or "").strip(),
            session_key=want.session_key or "",
            handed=self._handed(),
            assignees=assignees,
        )

    def _handed(self) -> Handed:
        """Its parts are judged with what else the move needs, so that everything is told at once."""
        parts = {name: attempt(shape, self.sent.get(name), name) for name, shape in PARTS.items()}
        return Handed(
            work_plan=parts["workPlan"][0],
            deliverable=parts["deliverable"][0],
            review_checklist=parts["reviewChecklist"][0],
            problems={name: lines for name, (_, lines) in parts.items() if lines},
        )

    def _answer(self, moved: Moved) -> dict[str, Any]:
        slugs = slugs_of([moved.transition.actor])
        task = Task.objects.select_related("project").get(pk=moved.task.pk)
        body: dict[str, Any] = {
            "success": True,
            "task": task_out(task),
            "transition": transition_out(moved.transition, slugs),
        }
        if moved.warnings:
            body["warnings"] = moved.warnings
        if moved.loop is not None:
            body["loop"] = {"type": moved.loop.metadata["loop"], "messageId": shown("msg", moved.loop.pk)}
        return body


class Transitions(V1View):
    route = "task-transitions"

    @describe(
        "How a task has moved, the oldest move first.", answers={200: has(transitions=many(ref("TaskTransition")))}
    )
    def get(self, request: Request, id: str) -> Response:
        rows = list(find_task(self, id).transitions.order_by("at", "id"))
        slugs = slugs_of(row.actor for row in rows)
        return Response({"transitions": [transition_out(row, slugs) for row in rows]})
