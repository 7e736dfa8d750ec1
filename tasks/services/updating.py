"""A single task changed by a person or an agent."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from activity.catalogue import Kind
from activity.models import Event
from activity.services import record
from core.actors import Actor
from notifications.services import Note, post, unsaid
from projects.services import number_moved_task
from tasks import mentions
from tasks.models import PRIORITIES, Assignment, Task

from . import bookkeeping as books
from .creating import top_of_column
from .reviewing import check_gate

TRACKED = ("status", "assigned_to", "title", "priority", "project_id", "outcome")


@dataclass(frozen=True, slots=True)
class Move:
    """What a move says of itself when the caller has rules of its own: they stand for the quality gate, unknown
    mentions are plain text, nobody is told the same twice in a row, and the caller tells whom the new status
    concerns."""

    reason: str = ""
    session_key: str = ""
    artifacts: dict[str, Any] | None = None


@transaction.atomic
def update_task(
    *,
    task: Task,
    actor: Actor,
    now: datetime,
    changes: dict[str, Any],
    sent: dict[str, Any],
    move: Move | None = None,
) -> Task:
    """Set columns of a task and tell whom it concerns.

    `changes` are columns of Task (`assigned_to` empty unassigns); `sent` is what the caller sent, for the feed.
    Raises Denied when the quality gate keeps it from done, Invalid for unknown mentions or projects.
    """
    task = books.lock(task)
    before = {name: getattr(task, name) for name in (*TRACKED, "description")}
    fresh_mentions = _new_mentions(task, changes, strict=move is None)
    _settle_status(task, changes, now, gated=move is None)
    if changes.get("project_id") not in (None, task.project_id):
        _rehome(task, changes)
    changes.pop("project_id", None)
    books.count(task, -1)
    for name, value in changes.items():
        setattr(task, name, value)
    task.updated_at = now
    books.count(task, +1)
    task.save(update_fields=[*changes, "project", "number", "updated_at"])
    if task.assigned_to != before["assigned_to"]:
        Assignment.objects.filter(task=task).delete()
    if task.status != before["status"]:
        books.note_transition(task, was=before["status"], actor=actor, now=now, **(asdict(move) if move else {}))
    notes = _notes(task, before, fresh_mentions, actor, tells_status=move is None)
    books.subscribe(task, [note.recipient for note in notes if note.type != "status_change"], now=now)
    if move is not None:
        notes = unsaid(notes, workspace_id=task.workspace_id, now=now)
    _tell(task, before, notes, actor, now, sent)
    return task


def _new_mentions(task: Task, changes: dict[str, Any], *, strict: bool) -> list[str]:
    if "description" not in changes:
        return []
    already = {token.lower() for token in mentions.tokens(task.description)}
    mentioned = mentions.resolve(changes["description"], workspace_id=task.workspace_id, strict=strict)
    return [who.recipient for who in mentioned if who.token.lower() not in already]


def _settle_status(task: Task, changes: dict[str, Any], now: datetime, *, gated: bool) -> None:
    """Assigning takes a task out of the inbox and unassigning puts it back, unless a status was asked for."""
    if "assigned_to" in changes:
        changes["assigned_to"] = changes["assigned_to"] or None
    status = Task.Status
    if changes.get("status") == status.DONE:
        if gated:
            check_gate(task)
        if not task.completed_at:
            changes.setdefault("completed_at", now)
    elif "status" not in changes and "assigned_to" in changes:
        if changes["assigned_to"] and task.status == status.INBOX:
            changes["status"] = status.ASSIGNED
        elif not changes["assigned_to"] and task.status == status.ASSIGNED:
            changes["status"] = status.INBOX
    if changes.get("status", task.status) != task.status:
        changes.setdefault("position", top_of_column(now))
        _settle_outcome(task, changes)


def _settle_outcome(task: Task, changes: dict[str, Any]) -> None:
    """What is canceled is abandoned in the dialect that knows no such status, until somebody takes it up again."""
    if changes["status"] == Task.Status.CANCELED:
        changes["outcome"] = Task.Outcome.ABANDONED
    elif task.status == Task.Status.CANCELED and task.outcome == Task.Outcome.ABANDONED:
        changes.setdefault("outcome", None)


def _rehome(task: Task, changes: dict[str, Any]) -> None:
    project, number = number_moved_task(task.workspace_id, changes["project_id"])
    books.count(task, -1)
    task.project, task.number = project, number
    books.count(task, +1)


def _notes(task: Task, before: dict[str, Any], mentioned: list[str], actor: Actor, *, tells_status: bool) -> list[Note]:
    """Messages carry the title as it was; a mention in the description names the actor by user name."""
    notes = []
    if tells_status and task.status != before["status"] and before["assigned_to"]:
        text = f'Task "{before["title"]}" status changed to {task.status.lower()}'
        notes.append(Note(before["assigned_to"], "status_change", "Task Status Updated", text, ("task", task.pk)))
    if task.assigned_to and task.assigned_to != before["assigned_to"]:
        notes.append(books.assignment_note(task, title=before["title"]))
    notes += [
        books.mention_note(task, name, by=actor.username) for name in mentioned if not books.is_actor(name, actor)
    ]
    return notes


def _tell(
    task: Task, before: dict[str, Any], notes: list[Note], actor: Actor, now: datetime, sent: dict[str, Any]
) -> None:
    events: list[Event] = post(notes, actor=actor, now=now) if notes else []
    moved = [name for name in TRACKED if getattr(task, name) != before[name]]
    if moved:
        changes = [_sentence(name, before[name], getattr(task, name)) for name in moved]
        data = {
            "changes": changes,
            "oldValues": {
                "title": before["title"],
                "status": before["status"].lower(),
                "priority": PRIORITIES[before["priority"]],
                "assigned_to": before["assigned_to"],
            },
            "newValues": sent,
        }
        text = f"Task updated: {', '.join(changes)}"
        events.append(books.task_story("task_updated", task, by=actor.username, description=text, data=data))
    if task.status != before["status"]:
        extra = {"status": task.status, "previous_status": before["status"]}
        events.append(books.task_fact(task, Kind.TASK_TRANSITIONED, actor, **extra))
    else:
        events.append(books.task_fact(task, Kind.TASK_UPDATED, actor, fields=moved))
    record(*events, at=now)


def _sentence(name: str, was: Any, now: Any) -> str:
    if name == "title":
        return "title updated"
    if name == "assigned_to":
        return f"assigned: {was or 'unassigned'} → {now or 'unassigned'}"
    if name == "priority":
        was, now = PRIORITIES[was], PRIORITIES[now]
    if name == "project_id":
        return "project updated"
    return f"{name}: {str(was or 'none').lower()} → {str(now or 'none').lower()}"
