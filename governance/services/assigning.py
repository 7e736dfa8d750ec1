"""Giving tasks to agents, one or several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from django.db import transaction

from activity.services import record
from agents.models import Agent
from core.actors import Actor
from notifications.services import post_once
from tasks.models import Task
from tasks.services import Move, update_task
from tasks.services import bookkeeping as books
from tasks.services.assigning import assignees_of, set_assignees

WAITING = (Task.Status.INBOX, Task.Status.BACKLOG)


@transaction.atomic
def assign(
    *,
    task: Task,
    agents: Sequence[Agent],
    actor: Actor,
    now: datetime,
    changes: dict[str, Any] | None = None,
    move: Move | None = None,
) -> Task:
    """Make these the task's agents, in this order. Out of the inbox it goes to them, and back when nobody is left,
    unless the other `changes` of its columns say where it goes."""
    before = assignees_of([task])[task.pk]
    if [agent.pk for agent in agents] == [agent.pk for agent in before] and not changes:
        return task
    was = task.status
    changes = {"assigned_to": agents[0].name if agents else None, **(changes or {})}
    if agents and was in WAITING:
        changes.setdefault("status", Task.Status.ASSIGNED)
    elif not agents and was == Task.Status.ASSIGNED:
        changes.setdefault("status", Task.Status.INBOX)
    sent = {"assigneeIds": [agent.slug for agent in agents]}
    move = move or Move()
    task = update_task(task=task, actor=actor, now=now, changes=changes, sent=sent, move=move)
    set_assignees(task=task, agents=agents)
    if agents and not before and was == task.status == Task.Status.ASSIGNED:
        # Given to nobody it was shown in the inbox.
        books.note_transition(task, was=Task.Status.INBOX, actor=actor, now=now, **asdict(move))
    _tell_the_others(task, [agent for agent in agents[1:] if agent not in before], actor, now)
    return task


def _tell_the_others(task: Task, agents: Sequence[Agent], actor: Actor, now: datetime) -> None:
    """The first one hears of it as the task's `assigned_to` does."""
    if agents:
        note = books.assignment_note(task, title=task.title)
        notes = [replace(note, recipient=agent.name) for agent in agents]
        record(*post_once(notes, actor=actor, now=now), at=now)
