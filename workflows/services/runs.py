"""Runs of pipelines. Each move takes the run's row lock, so that two of them at once are two moves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from activity.catalogue import Kind
from activity.models import Event
from activity.services import fact, record, story
from core.actors import Actor
from core.clock import seconds
from core.errors import Invalid, NotFound
from core.ids import ref
from core.rows import find
from workflows.models import Pipeline, PipelineRun, WorkflowTemplate
from workflows.spawning import Spawned, spawn

Step = dict[str, Any]
Status = PipelineRun.Status


@dataclass(frozen=True, slots=True)
class Moved:
    """The run as it now is, and what became of the step that was sent; None when its template is gone."""

    run: PipelineRun
    spawned: Spawned | None = None


@transaction.atomic
def start_run(*, pipeline: Pipeline, actor: Actor, now: datetime) -> Moved:
    """Begin the first step. Raises Invalid for a pipeline without steps."""
    if not pipeline.steps:
        raise Invalid("Pipeline has no steps")
    if not Pipeline.objects.filter(pk=pipeline.pk).update(use_count=F("use_count") + 1, last_used_at=now):
        raise NotFound("Pipeline not found")
    templates = _templates_of(pipeline.steps, actor.workspace_id)
    run = PipelineRun.objects.create(
        workspace_id=actor.workspace_id,
        pipeline=pipeline,
        status=Status.RUNNING,
        steps=[_new_step(n, step, templates) for n, step in enumerate(pipeline.steps)],
        started_at=now,
        triggered_by=actor.username,
        created_at=now,
    )
    spawned = _begin_step(run, templates, now)
    run.save(update_fields=["steps"])
    description, data = f"Started pipeline: {pipeline.name}", {"run_id": run.pk}
    told = story(
        "pipeline_started",
        by=actor.username,
        subject=ref("pipeline", pipeline.pk),
        workspace_id=actor.workspace_id,
        description=description,
        data=data,
    )
    notice = _notice("pipeline_started", run, actor, description=description, data=data)
    record(told, notice, _changed(run, actor), at=now)
    return Moved(run, spawned)


@transaction.atomic
def advance_run(*, actor: Actor, now: datetime, id: int, success: bool = True, **sent: str | None) -> Moved:
    """End the current step and begin the next. `error`, when given, is kept with the step that ends."""
    run = _lock(actor, id)
    if run.status != Status.RUNNING:
        raise Invalid(f"Run is {run.status}, not running")
    ended = run.steps[run.current_step]
    ended |= {"status": "completed" if success else "failed", "completed_at": seconds(now), **sent}
    rest = run.steps[run.current_step + 1 :]
    spawned, news = None, []
    if not success and ended["on_failure"] == "stop":
        for step in rest:
            step["status"] = "skipped"
        run.status, run.completed_at = Status.FAILED, now
    elif not rest:
        run.status, run.completed_at = Status.COMPLETED, now
        news = [_notice("pipeline_completed", run, actor, description=f"Completed pipeline: {run.pipeline.name}")]
    else:
        run.current_step += 1
        spawned = _begin_step(run, _templates_of(run.steps, actor.workspace_id), now)
    run.save(update_fields=["status", "current_step", "steps", "completed_at"])
    record(*news, _changed(run, actor), at=now)
    return Moved(run, spawned)


@transaction.atomic
def cancel_run(*, actor: Actor, now: datetime, id: int) -> PipelineRun:
    """What was not done yet is skipped. Raises Invalid for a run that has ended."""
    run = _lock(actor, id)
    if run.status not in (Status.PENDING, Status.RUNNING):
        raise Invalid(f"Run is {run.status}, cannot cancel")
    for step in run.steps:
        if step["status"] in ("pending", "running"):
            step |= {"status": "skipped", "completed_at": seconds(now)}
    run.status, run.completed_at = Status.CANCELLED, now
    run.save(update_fields=["status", "steps", "completed_at"])
    record(_changed(run, actor), at=now)
    return run


def _lock(actor: Actor, id: int) -> PipelineRun:
    rows = PipelineRun.objects.in_workspace(actor.workspace_id).select_related("pipeline")
    return find(rows.select_for_update(of=("self",)), id, "Run not found")


def _templates_of(steps: list[Step], workspace_id: int) -> dict[int, WorkflowTemplate]:
    templates = WorkflowTemplate.objects.in_workspace(workspace_id)
    return dict(templates.in_bulk({step["template_id"] for step in steps}))


def _new_step(n: int, step: Step, templates: dict[int, WorkflowTemplate]) -> Step:
    template = templates.get(step["template_id"])
    return {
        "step_index": n,
        "template_id": step["template_id"],
        "template_name": template.name if template else "Unknown",
        "on_failure": step["on_failure"],
        "status": "pending",
        "spawn_id": None,
        "started_at": None,
        "completed_at": None,
        "error": None,
    }


def _begin_step(run: PipelineRun, templates: dict[int, WorkflowTemplate], now: datetime) -> Spawned | None:
    step = run.steps[run.current_step]
    step |= {"status": "running", "started_at": seconds(now)}
    template = templates.get(step["template_id"])
    if template is None:
        return None
    spawned = spawn(template, run_id=run.pk, step=run.current_step)
    step |= {"spawn_id": spawned.spawn_id, "error": spawned.error}
    return spawned


def _changed(run: PipelineRun, actor: Actor) -> Event:
    data = {
        "id": run.pk,
        "pipeline_id": run.pipeline_id,
        "status": str(run.status),
        "current_step": run.current_step,
    }
    return fact(Kind.PIPELINE_RUN_CHANGED, actor=actor, subject=ref("pipeline_run", run.pk), data=data)


def _notice(type: str, run: PipelineRun, actor: Actor, **said: Any) -> Event:
    """Streams and webhooks hear of a run in the shape of a story that is in no feed."""
    data = {"type": type, "entity_type": "pipeline", "entity_id": run.pipeline_id, **said}
    return fact(Kind.PIPELINE_NOTICE, actor=actor, subject=ref("pipeline", run.pipeline_id), data=data)
