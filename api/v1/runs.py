"""Runs: what agents report of their work with models."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import Field
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access.limits import V1_EVENTS
from api.schemas import has
from core.errors import Denied, Invalid, NotFound
from governance.services.booking import Booked, Report, report_run, update_run
from tasks.models import Task
from tokens.models import Run

from .base import V1View
from .body import Dollars, Moment, Shape, Text, Whole, Words, micro
from .docs.schema import ref
from .docs.words import describe
from .ids import row_id
from .out import usd
from .out_runs import run_out
from .policy import find_own_agent
from .sizes import Metadata
from .tasks import find_task

# How far clocks may be apart.
AHEAD = timedelta(minutes=5)
Count = Annotated[Whole, Field(ge=0, le=10**12)]
Status = Literal["RUNNING", "COMPLETED", "FAILED", "TIMEOUT"]
Error = Annotated[Text, Field(max_length=5_000)]
COUNTS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")


class NewRun(Shape):
    agent_id: Text
    session_key: Annotated[Words, Field(max_length=128)]
    model: Annotated[Words, Field(max_length=100)]
    started_at: Moment
    status: Status
    task_id: Text | None = None
    ended_at: Moment | None = None
    input_tokens: Count | None = None
    output_tokens: Count | None = None
    cache_read_tokens: Count | None = None
    cache_write_tokens: Count | None = None
    cost_usd: Dollars | None = None
    error: Error | None = None
    metadata: Metadata | None = None


class RunChange(Shape):
    ended_at: Moment | None = None
    input_tokens: Count | None = None
    output_tokens: Count | None = None
    cache_read_tokens: Count | None = None
    cache_write_tokens: Count | None = None
    cost_usd: Dollars | None = None
    status: Status | None = None
    error: Error | None = None


BOOKED = has("budgetWarning", run=ref("Run"), budgetWarning=ref("BudgetWarning"))


class Runs(V1View):
    route = "runs"
    limit = V1_EVENTS

    @describe(
        "Report a run, as it starts or when it is over.",
        body=NewRun,
        answers={201: BOOKED},
        codes="NOT_FOUND CONFLICT",
        note="An agent reports its own runs alone.",
    )
    def post(self, request: Request) -> Response:
        want = self.read(NewRun)
        agent = find_own_agent(self, want.agent_id)
        not_ahead(want.started_at, self.now)
        task = find_task(self, want.task_id) if want.task_id is not None else None
        report = report_of(want, key=request._request.META.get("HTTP_X_IDEMPOTENCY_KEY"), task=task)
        booked = report_run(agent=agent, report=report, actor=self.actor, now=self.now)
        return Response(booked_out(booked), status=201)


class OneRun(V1View):
    route = "run"
    limit = V1_EVENTS

    @describe(
        "Report how a run goes on: what it cost, how it ended.",
        body=RunChange,
        answers={200: BOOKED},
        codes="STATE_CONFLICT",
        note="An agent reports its own runs alone.",
    )
    def patch(self, request: Request, id: str) -> Response:
        run = find_run(self, id)
        changes, cost = changes_of(self.read(RunChange))
        booked = update_run(run=run, changes=changes, cost_microusd=cost, actor=self.actor, now=self.now)
        return Response(booked_out(booked))


def report_of(want: NewRun, *, key: str | None, task: Task | None = None) -> Report:
    return Report(
        session_key=want.session_key,
        model=want.model,
        started_at=want.started_at,
        status=want.status,
        task=task,
        ended_at=want.ended_at,
        cost_microusd=micro(want.cost_usd),
        error=want.error,
        metadata=want.metadata or {},
        counts={name: getattr(want, name) or 0 for name in COUNTS},
        key=key,
    )


def changes_of(want: RunChange) -> tuple[dict[str, Any], int | None]:
    """What is said anew, and the cost in micro-dollars if it is."""
    given = {name: value for name, value in want.given().items() if value is not None}
    return given, micro(given.pop("cost_usd", None))


def not_ahead(at: datetime, now: datetime) -> None:
    if at > now + AHEAD:
        raise Invalid.fields("startedAt: must not be in the future")


def find_run(view: V1View, id: str) -> Run:
    """Raises NotFound, and Denied for another agent's."""
    here = Run.objects.in_workspace(view.actor.workspace_id).select_related("agent", "task")
    run = here.filter(pk=row_id("run", id)).first()
    if run is None:
        raise NotFound(f"There is no run {id[:80]}")
    if view.actor.kind == "agent" and run.agent_id != view.agent.pk:
        raise Denied("The run is another agent's", code="AGENT_MISMATCH")
    return run


def booked_out(booked: Booked) -> dict[str, Any]:
    answer: dict[str, Any] = {"run": run_out(booked.run)}
    if booked.warned is not None:
        warned = booked.warned
        answer["budgetWarning"] = {
            "type": warned.type, "remaining": usd(warned.remaining_microusd), "message": warned.message,
        }  # fmt: skip
    return answer
