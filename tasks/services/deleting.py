"""Tasks removed for good."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from activity.catalogue import Kind
from activity.services import fact, record
from core.actors import Actor
from core.ids import ref
from tasks.models import Task

from . import bookkeeping as books


@transaction.atomic
def delete_task(*, task: Task, actor: Actor, now: datetime) -> None:
    """Remove the task with its comments and reviews; what was notified and told about it stays."""
    task = books.lock(task)
    id = task.pk
    told = books.task_story(
        "task_deleted",
        task,
        by=actor.username,
        description=f"Deleted task: {task.title}",
        data={"title": task.title, "status": task.status.lower(), "assigned_to": task.assigned_to},
    )
    books.count(task, -1)
    task.delete()
    data = {"id": id, "title": task.title}
    record(told, fact(Kind.TASK_DELETED, actor=actor, subject=ref("task", id), task_id=id, data=data), at=now)
