"""Pipelines: templates in a row; and their runs."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.isolation import check_isolation
from api.schemas import FLAG, TEXT, WHOLE, has, many, maybe
from core.errors import Invalid
from core.rows import find
from realtime.wire.legacy_in import id_in
from workflows import services
from workflows.models import Pipeline, PipelineRun, WorkflowTemplate

from .base import LegacyView
from .docs import describe
from .fields import Items, Shape, Text, Whole, Word

LISTED_STEP = has("template_name", template_id=WHOLE, on_failure=TEXT, template_name=TEXT)
PIPELINE = {
    "id": WHOLE,
    "name": TEXT,
    "description": maybe(TEXT),
    "steps": many(LISTED_STEP),
    "created_by": TEXT,
    "created_at": WHOLE,
    "updated_at": WHOLE,
    "use_count": WHOLE,
    "last_used_at": maybe(WHOLE),
    "workspace_id": WHOLE,
}
COUNTS = has("pipeline_id", total=WHOLE, completed=WHOLE, failed=WHOLE, running=WHOLE, pipeline_id=WHOLE)
RUN_STEP = has(
    step_index=WHOLE,
    template_id=WHOLE,
    template_name=TEXT,
    on_failure=TEXT,
    status=TEXT,
    spawn_id=maybe(TEXT),
    started_at=maybe(WHOLE),
    completed_at=maybe(WHOLE),
    error=maybe(TEXT),
)
RUN = {
    "id": WHOLE,
    "pipeline_id": WHOLE,
    "status": TEXT,
    "current_step": WHOLE,
    "steps_snapshot": many(RUN_STEP),
    "started_at": maybe(WHOLE),
    "completed_at": maybe(WHOLE),
    "triggered_by": TEXT,
    "created_at": WHOLE,
    "workspace_id": WHOLE,
}
SPAWN = has("stdout", "error", success=FLAG, stdout=TEXT, error=TEXT)
MOVED = has(
    "pipeline_id",
    "current_step",
    "spawn",
    id=WHOLE,
    pipeline_id=WHOLE,
    status=TEXT,
    current_step=WHOLE,
    steps_snapshot=many(RUN_STEP),
    spawn=maybe(SPAWN),
)
MOVE = has(
    "pipeline_id", "run_id", "success", "error", action=TEXT, pipeline_id=WHOLE, run_id=WHOLE, success=FLAG, error=TEXT
)
NO_RUNS = {"total": 0, "completed": 0, "failed": 0, "running": 0}
RUNS, RUNS_CAP = 20, 200
UNKNOWN_ACTION = "Invalid action. Use: start, advance, cancel"


class StepFields(Shape):
    template_id = Whole(1, required=True)
    on_failure = Word({"stop": "stop", "continue": "continue"})

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        return {"on_failure": "stop", **super().to_internal_value(data)}


class PipelineFields(Shape):
    name = Text(1, 200, required=True)
    description = Text(0, 5000)
    steps = Items(StepFields(), 2, 50, required=True, too_few="Pipeline needs at least 2 steps")


class PipelineChanges(Shape):
    name = Text()
    description = Text(allow_null=True)
    steps = Items(StepFields(), 0, 50)


FIELDS, CHANGES = PipelineFields(), PipelineChanges()


class Pipelines(LegacyView):
    route = "pipelines"
    limited = frozenset({"POST"})

    @describe(
        "Pipelines, the most used first.", answers={200: has(pipelines=many(has("runs", **PIPELINE, runs=COUNTS)))}
    )
    def get(self, request: Request) -> Response:
        here = self.actor.workspace_id
        rows = list(Pipeline.objects.in_workspace(here).most_used())
        templates = {step["template_id"] for row in rows for step in row.steps}
        names = dict(WorkflowTemplate.objects.in_workspace(here).filter(id__in=templates).values_list("id", "name"))
        counts = PipelineRun.objects.counts(here)
        return Response({"pipelines": [_listed(row, names, counts.get(row.pk, NO_RUNS)) for row in rows]})

    @describe("Add a pipeline.", body=PipelineFields, answers={201: has(pipeline=has(**PIPELINE))})
    def post(self, request: Request) -> Response:
        pipeline = services.create_pipeline(actor=self.actor, now=self.now, **self.read(FIELDS))
        return Response({"pipeline": pipeline.as_row()}, status=201)

    @describe(
        "Change a pipeline; with the id alone, count a use of it.",
        body=has("name", id=WHOLE, name=TEXT),
        answers={200: has(pipeline=has(**PIPELINE))},
    )
    def put(self, request: Request) -> Response:
        pipeline = services.find_pipeline(actor=self.actor, id=self._id("Invalid request body"))
        changes = self.read(CHANGES)
        changed = services.change_pipeline(pipeline=pipeline, actor=self.actor, now=self.now, changes=changes)
        return Response({"pipeline": changed.as_row()})

    @describe("Remove a pipeline with its runs.", body=has(id=WHOLE), answers={200: "Success"})
    def delete(self, request: Request) -> Response:
        services.delete_pipeline(actor=self.actor, now=self.now, id=self._id("Request body required"))
        return Response({"success": True})

    def _id(self, no_body: str) -> int:
        sent = self.sent_object(no_body)
        if not sent.get("id"):
            raise Invalid("Pipeline ID required")
        return id_in(sent["id"]) or 0


def _listed(pipeline: Pipeline, names: dict[int, str], runs: dict[str, int]) -> dict[str, Any]:
    steps = [{**step, "template_name": names.get(step["template_id"], "Unknown")} for step in pipeline.steps]
    return {**pipeline.as_row(), "steps": steps, "runs": runs}


class PipelineRuns(LegacyView):
    """Strict workspaces may look at runs and cancel them, but not send steps to the gateway that all share."""

    route = "pipeline-runs"

    @describe(
        "One run, or the newest ones.",
        query=("id", "pipeline_id", "limit"),
        answers={200: has("run", "runs", run=has(**RUN), runs=many(has(**RUN, pipeline_name=TEXT)))},
    )
    def get(self, request: Request) -> Response:
        rows = PipelineRun.objects.in_workspace(self.actor.workspace_id)
        if asked := self.query("id"):
            return Response({"run": find(rows, id_in(asked), "Run not found").as_row()})
        if asked := self.query("pipeline_id"):
            rows = rows.filter(pipeline_id=id_in(asked) or 0)
        limit, _ = self.page(default=RUNS, cap=RUNS_CAP)
        shown = rows.newest().select_related("pipeline")[:limit]
        return Response({"runs": [{**run.as_row(), "pipeline_name": run.pipeline.name} for run in shown]})

    @describe(
        "Start a run, end its current step and begin the next, or cancel it.",
        body=MOVE,
        answers={200: has(run=MOVED), 201: has(run=MOVED)},
    )
    def post(self, request: Request) -> Response:
        sent = self.sent_object()
        action = sent.get("action")
        if action == "start":
            return self._start(sent)
        if action == "advance":
            return self._advance(sent)
        if action == "cancel":
            return self._cancel(sent)
        raise Invalid(UNKNOWN_ACTION)

    def _start(self, sent: dict[str, Any]) -> Response:
        self._stop_strict_workspaces()
        pipeline = services.find_pipeline(actor=self.actor, id=id_in(sent.get("pipeline_id")) or 0)
        moved = services.start_run(pipeline=pipeline, actor=self.actor, now=self.now)
        shape = {**_moving(moved), "pipeline_id": pipeline.pk}
        return Response({"run": shape}, status=201)

    def _advance(self, sent: dict[str, Any]) -> Response:
        self._stop_strict_workspaces()
        success = sent.get("success")
        error = {"error": _text(sent["error"])} if "error" in sent else {}
        moved = services.advance_run(
            actor=self.actor, now=self.now, id=_run_id(sent), success=success is None or bool(success), **error
        )
        return Response({"run": _moving(moved) if moved.run.status == "running" else _stopped(moved.run)})

    def _cancel(self, sent: dict[str, Any]) -> Response:
        return Response({"run": _stopped(services.cancel_run(actor=self.actor, now=self.now, id=_run_id(sent)))})

    def _stop_strict_workspaces(self) -> None:
        check_isolation(self.actor, route=self.route, origin=self.origin, now=self.now)


def _run_id(sent: dict[str, Any]) -> int:
    if not sent.get("run_id"):
        raise Invalid("run_id required")
    return id_in(sent["run_id"]) or 0


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) or value is None else str(value)


def _stopped(run: PipelineRun) -> dict[str, Any]:
    return {"id": run.pk, "status": run.status, "steps_snapshot": run.steps}


def _moving(moved: services.Moved) -> dict[str, Any]:
    spawn = moved.spawned.as_row() if moved.spawned else None
    return {**_stopped(moved.run), "current_step": moved.run.current_step, "spawn": spawn}
