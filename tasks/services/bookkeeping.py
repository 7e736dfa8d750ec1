"""What every change of a task writes besides the task: transitions, tallies, subscriptions, events."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.db import connection

from activity.catalogue import Kind
from activity.models import Event
from activity.services import fact, story
from core.actors import Actor
from core.ids import ref
from core.rows import adapted, find, insert
from notifications.services import Note
from tasks.models import Task, Transition

PREVIEW = 100
TALLY_LOCK = 7411
# What apps above this one do in the transaction of a move: each adds its own when it is ready. They take the task, the
# status that it had, who moved it, and when.
Follower = Callable[[Task, str, Actor, datetime], None]
followers: list[Follower] = []


def lock(task: Task) -> Task:
    """The task as it is now, for this transaction alone: what the caller has read may have changed since."""
    rows = Task.objects.select_for_update(of=("self",)).select_related("project")
    return find(rows, task.pk, "Task not found")


def count(task: Task, by: int) -> None:
    """Move the tally of tasks like this one up or down. `task` must be locked, or new."""
    with connection.cursor() as cursor:
        _lock_tallies(cursor, task.workspace_id)
        cursor.execute(
            "INSERT INTO tasks_tally (workspace_id, project_id, status, priority, n) VALUES (%s, %s, %s, %s, %s)"
            " ON CONFLICT (workspace_id, project_id, status, priority) DO UPDATE SET n = tasks_tally.n + excluded.n",
            [task.workspace_id, task.project_id, str(task.status), task.priority, by],
        )


def move_counts(workspace_id: int, source: int, target: int) -> None:
    """All tasks of a project are counted in another one from now on."""
    with connection.cursor() as cursor:
        _lock_tallies(cursor, workspace_id)
        cursor.execute(
            "INSERT INTO tasks_tally (workspace_id, project_id, status, priority, n)"
            " SELECT workspace_id, %s, status, priority, n FROM tasks_tally WHERE workspace_id = %s AND project_id = %s"
            " ON CONFLICT (workspace_id, project_id, status, priority) DO UPDATE SET n = tasks_tally.n + excluded.n",
            [target, workspace_id, source],
        )
        cursor.execute("DELETE FROM tasks_tally WHERE workspace_id = %s AND project_id = %s", [workspace_id, source])


def _lock_tallies(cursor: Any, workspace_id: int) -> None:
    if connection.vendor == "postgresql":
        # Each change touches two tallies; taken in any order they would lock each other out.
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [TALLY_LOCK, workspace_id])


def note_transition(
    task: Task, *, was: str, actor: Actor, now: datetime, reason: str = "", session_key: str = "", artifacts: Any = None
) -> None:
    """Keep the change of status from `was` (empty for a new task) to what the task now has."""
    moved = Transition(
        task=task,
        was=was,
        now=task.status,
        actor=str(actor),
        by=actor.display_name,
        reason=reason,
        session_key=session_key,
        artifacts=artifacts,
        at=now,
    )
    insert([moved])
    for follow in followers:
        follow(task, was, actor, now)


def subscribe(task: Task, names: Iterable[str | None], *, now: datetime) -> None:
    """Let everybody named hear of the task from now on, each once; None and empty names are left out."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO tasks_subscription (task_id, name, created_at) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
            [(task.pk, name, adapted(now)) for name in dict.fromkeys(names) if name],
        )


def task_fact(task: Task, kind: Kind, actor: Actor, **extra: Any) -> Event:
    """The task as it is now, for machines."""
    return fact(
        kind, actor=actor, subject=ref("task", task.pk), task_id=task.pk, data={"task": task.snapshot(), **extra}
    )


def status_fact(actor: Actor, *, task_id: int, data: dict[str, Any]) -> Event:
    return fact(
        Kind.TASK_TRANSITIONED,
        actor=actor,
        subject=ref("task", task_id),
        task_id=task_id,
        data={"id": task_id, **data},
    )


def task_story(type: str, task: Task, *, by: str, description: str, data: dict[str, Any] | None = None) -> Event:
    return story(
        type,
        by=by,
        subject=ref("task", task.pk),
        workspace_id=task.workspace_id,
        task_id=task.pk,
        description=description,
        data=data,
    )


def assignment_note(task: Task, *, title: str, suffix: str = "") -> Note:
    return Note(
        task.assigned_to or "",
        "assignment",
        "Task Assigned",
        f"You have been assigned to task: {title}{suffix}",
        ("task", task.pk),
    )


def mention_note(task: Task, recipient: str, *, by: str) -> Note:
    return Note(
        recipient,
        "mention",
        "You were mentioned in a task description",
        f'{by} mentioned you in task "{task.title}"',
        ("task", task.pk),
    )


def is_actor(name: str, actor: Actor) -> bool:
    """Whether a recipient is who acts: nobody is told of their own doings."""
    return name in (actor.username, actor.display_name)


def preview(text: str) -> str:
    return text if len(text) <= PREVIEW else text[:PREVIEW] + "..."
