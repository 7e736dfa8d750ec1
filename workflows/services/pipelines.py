"""Pipelines: templates in a row."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from activity.catalogue import Kind
from activity.models import Event
from activity.services import fact, record, story
from core.actors import Actor
from core.errors import Invalid
from core.ids import ref
from core.rows import change, find, look_up
from workflows.models import Pipeline, WorkflowTemplate

Step = dict[str, Any]


def find_pipeline(*, actor: Actor, id: int) -> Pipeline:
    found: Pipeline = find(Pipeline.objects.in_workspace(actor.workspace_id), id, "Pipeline not found")
    return found


@transaction.atomic
def create_pipeline(
    *, actor: Actor, now: datetime, name: str, steps: list[Step], description: str | None = None
) -> Pipeline:
    """Raises Invalid when a step names a template that the workspace does not have."""
    wanted = {step["template_id"] for step in steps}
    known = WorkflowTemplate.objects.in_workspace(actor.workspace_id).filter(id__in=wanted).count()
    if known < len(wanted):
        raise Invalid("One or more template IDs not found")
    pipeline = Pipeline.objects.create(
        workspace_id=actor.workspace_id,
        name=name,
        description=description,
        steps=steps,
        created_by=actor.username,
        created_at=now,
        updated_at=now,
    )
    told = story(
        "pipeline_created",
        by=actor.username,
        subject=ref("pipeline", pipeline.pk),
        workspace_id=actor.workspace_id,
        description=f"Created pipeline: {name}",
    )
    record(told, changed(pipeline, actor), at=now)
    return pipeline


@transaction.atomic
def change_pipeline(*, pipeline: Pipeline, actor: Actor, now: datetime, changes: dict[str, Any]) -> Pipeline:
    """Set the fields that are named; naming none says that the pipeline was used. Runs keep their own steps."""
    if not changes:
        changes = {"use_count": F("use_count") + 1, "last_used_at": now}
    pipeline = change(pipeline, "Pipeline not found", **changes, updated_at=now)
    record(changed(pipeline, actor), at=now)
    return pipeline


@transaction.atomic
def delete_pipeline(*, actor: Actor, now: datetime, id: int) -> None:
    """Remove it with its runs; one that is not there is as good as removed."""
    found = look_up(Pipeline.objects.in_workspace(actor.workspace_id), id)
    if found is not None:
        record(changed(found, actor), at=now)
        found.delete()


def changed(pipeline: Pipeline, actor: Actor) -> Event:
    data = {"id": pipeline.pk, "name": pipeline.name}
    return fact(Kind.PIPELINE_CHANGED, actor=actor, subject=ref("pipeline", pipeline.pk), data=data)
