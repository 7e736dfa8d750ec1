"""Templates: a prompt that is kept, changed, used."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from activity.catalogue import Kind
from activity.models import Event
from activity.services import fact, record, story
from core.actors import Actor
from core.ids import ref
from core.injection import refuse_injection
from core.rows import change, find
from workflows.models import WorkflowTemplate


def find_template(*, actor: Actor, id: int) -> WorkflowTemplate:
    found: WorkflowTemplate = find(WorkflowTemplate.objects.in_workspace(actor.workspace_id), id, "Template not found")
    return found


@transaction.atomic
def create_template(*, actor: Actor, now: datetime, name: str, task_prompt: str, **fields: Any) -> WorkflowTemplate:
    refuse_injection("Task prompt", task_prompt)
    template = WorkflowTemplate.objects.create(
        workspace_id=actor.workspace_id,
        name=name,
        task_prompt=task_prompt,
        created_by=actor.username,
        created_at=now,
        updated_at=now,
        **fields,
    )
    told = story(
        "workflow_created",
        by=actor.username,
        subject=ref("workflow", template.pk),
        workspace_id=actor.workspace_id,
        description=f"Created workflow: {name}",
    )
    record(told, _changed(template, actor), at=now)
    return template


@transaction.atomic
def change_template(
    *, template: WorkflowTemplate, actor: Actor, now: datetime, changes: dict[str, Any]
) -> WorkflowTemplate:
    """Set the fields that are named; naming none says that the template was used."""
    if not changes:
        changes = {"use_count": F("use_count") + 1, "last_used_at": now}
    template = change(template, "Template not found", **changes, updated_at=now)
    record(_changed(template, actor), at=now)
    return template


@transaction.atomic
def delete_template(*, template: WorkflowTemplate, actor: Actor, now: datetime) -> None:
    """Pipelines that use it keep their step."""
    record(_changed(template, actor), at=now)
    template.delete()


def _changed(template: WorkflowTemplate, actor: Actor) -> Event:
    data = {"id": template.pk, "name": template.name}
    return fact(Kind.WORKFLOW_CHANGED, actor=actor, subject=ref("workflow", template.pk), data=data)
