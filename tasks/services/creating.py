"""New tasks."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from activity.catalogue import Kind
from activity.services import record
from core.actors import Actor
from core.rows import insert
from notifications.services import Note, post
from projects.services import number_new_task
from tasks import mentions
from tasks.models import Task

from . import bookkeeping as books


@transaction.atomic
def create_task(
    *, actor: Actor, now: datetime, project_id: int | None = None, strict_mentions: bool = True, **fields: Any
) -> Task:
    """Add a task with a ticket number of its project, and tell those it names.

    `fields` are columns of Task. A task with an assignee does not wait in the inbox. Raises Invalid when the
    description mentions somebody unknown, if `strict_mentions`.
    """
    fields["assigned_to"] = fields.get("assigned_to") or settings.COORDINATOR_AGENT or None
    if fields["assigned_to"] and fields.get("status", Task.Status.INBOX) == Task.Status.INBOX:
        fields["status"] = Task.Status.ASSIGNED
    if fields.get("status") == Task.Status.DONE:
        fields["completed_at"] = fields.get("completed_at") or now
    mentioned = mentions.resolve(fields.get("description"), workspace_id=actor.workspace_id, strict=strict_mentions)
    project, number = number_new_task(actor.workspace_id, project_id)
    fields.setdefault("type", _type_told(fields.get("metadata")))
    task = Task(
        workspace_id=actor.workspace_id,
        project=project,
        number=number,
        created_by=actor.display_name,
        created_at=now,
        updated_at=now,
        position=top_of_column(now),
        **fields,
    )
    insert([task])
    books.count(task, +1)
    books.note_transition(task, was="", actor=actor, now=now)
    recipients = [who.recipient for who in mentioned]
    books.subscribe(task, [actor.display_name, task.assigned_to, *recipients], now=now)
    notes = [
        books.mention_note(task, name, by=actor.display_name) for name in recipients if not books.is_actor(name, actor)
    ]
    _tell(task, actor, notes, now)
    return task


def _type_told(metadata: Any) -> str:
    """Clients that know no types of tasks may still name one beside."""
    told = metadata.get("type") if isinstance(metadata, dict) else None
    return told if isinstance(told, str) and told in Task.Type.values else Task.Type.OPS


def _tell(task: Task, actor: Actor, notes: list[Note], now: datetime) -> None:
    if task.assigned_to:
        notes.append(books.assignment_note(task, title=task.title))
    data: dict[str, Any] = {
        "title": task.title,
        "status": task.status.lower(),
        "priority": task.priority_word,
        "assigned_to": task.assigned_to,
    }
    if task.outcome:
        data["outcome"] = task.outcome
    created = books.task_story(
        "task_created", task, by=actor.display_name, description=f"Created task: {task.title}", data=data
    )
    posted = post(notes, actor=actor, now=now) if notes else []
    record(created, *posted, books.task_fact(task, Kind.TASK_CREATED, actor), at=now)


def top_of_column(now: datetime) -> float:
    """Above every card that came before: positions count downwards with time."""
    return -now.timestamp()
