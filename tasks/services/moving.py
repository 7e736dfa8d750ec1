"""Changes of status: the one way a card moves, alone or with others."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from activity.models import Event
from activity.services import record
from core.actors import Actor
from core.errors import Conflict
from tasks.models import Task

from . import bookkeeping as books
from .creating import top_of_column
from .reviewing import approve_task, check_gate
from .updating import update_task


@transaction.atomic
def move_task(
    *, task: Task, actor: Actor, now: datetime, to: str, position: float | None = None, was: str = ""
) -> Task:
    """Put a card into a column's status, at a place. Who drops it on done has thereby approved it.

    `was` is the status the caller believes it has; Conflict when somebody else moved it meanwhile.
    """
    task = books.lock(task)
    if was and task.status != was:
        raise Conflict("Somebody else moved this task. It now shows where it is.")
    place = top_of_column(now) if position is None else position
    if to == Task.Status.DONE and task.status != Task.Status.DONE:
        task = approve_task(task=task, actor=actor, now=now, notes="Moved to done on the board")
        Task.objects.filter(pk=task.pk).update(position=place)
        return task
    changes: dict[str, object] = {"position": place}
    if to != task.status:
        changes["status"] = to
    return update_task(task=task, actor=actor, now=now, changes=changes, sent={"status": to.lower()})


@transaction.atomic
def set_statuses(*, actor: Actor, now: datetime, wanted: list[tuple[int, str]]) -> None:
    """Set many statuses at once, all or none. Unknown ids are skipped, yet announced, as clients expect."""
    named = (
        Task.objects.select_for_update(of=("self",))
        .select_related("project")
        .order_by("id")
        .in_bulk([id for id, _ in wanted])
    )
    # By id alone, then by workspace: a database that is asked for both might read the whole workspace.
    found = {id: task for id, task in named.items() if task.workspace_id == actor.workspace_id}
    stories: list[Event] = []
    facts: list[Event] = []
    for id, status in wanted:
        task = found.get(id)
        if task is not None:
            stories += _set_status(task, status, actor, now)
        data = {"status": status, "updated_at": int(now.timestamp() * 1000)}
        facts.append(books.status_fact(actor, task_id=id, data=data))
    record(*stories, *facts, at=now)


def _set_status(task: Task, status: str, actor: Actor, now: datetime) -> list[Event]:
    if status == Task.Status.DONE:
        check_gate(task, f"Aegis approval required for task {task.pk}")
    was = task.status
    if was == status:
        _complete(task, status, now)
        return []
    books.count(task, -1)
    task.status, task.updated_at, task.position = status, now, top_of_column(now)
    books.count(task, +1)
    task.save(update_fields=["status", "updated_at", "position"])
    _complete(task, status, now)
    books.note_transition(task, was=was, actor=actor, now=now)
    text = f"Task moved from {was.lower()} to {status.lower()}"
    data = {"oldStatus": was.lower(), "newStatus": status.lower()}
    return [books.task_story("task_updated", task, by=actor.username, description=text, data=data)]


def _complete(task: Task, status: str, now: datetime) -> None:
    """A task is completed once, whatever becomes of it later; one done by a review alone has not been yet."""
    if status == Task.Status.DONE and not task.completed_at:
        task.completed_at = now
        task.save(update_fields=["completed_at"])
