"""One message to everybody who listens to a task."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from activity.services import record
from agents.models import Agent
from core.actors import Actor
from notifications.services import Note, post
from tasks.models import Subscription, Task

from . import bookkeeping as books

# Hands a message to an agent's session; False when it did not arrive.
Send = Callable[[str, str], bool]
AT_MOST = 500


@dataclass(frozen=True, slots=True)
class Broadcast:
    sent: int
    skipped: int


def broadcast(*, task: Task, actor: Actor, now: datetime, text: str, send: Send) -> Broadcast:
    """Send to the agents among the subscribers, and tell of it. Sending waits for others, so it is done before the
    transaction that stores what was sent."""
    recipients = _recipients(task, actor)
    if not recipients:
        return Broadcast(0, 0)
    message = f"[Task {task.pk}] {task.title}\nFrom {actor.display_name}: {text}"
    reached = [name for name, session_key in recipients if session_key and send(session_key, message)]
    done = Broadcast(len(reached), len(recipients) - len(reached))
    _store(task, actor, now, text, reached, done)
    return done


def _recipients(task: Task, actor: Actor) -> list[tuple[str, str | None]]:
    """(name, session key) of the agents that listen, in the order in which they came."""
    names = Subscription.objects.filter(task=task).exclude(name=actor.display_name).order_by("id")
    listening = list(names.values_list("name", flat=True)[:AT_MOST])
    agents = Agent.objects.in_workspace(task.workspace_id).filter(name__in=listening)
    keys: dict[str, str | None] = dict(agents.values_list("name", "session_key"))
    return [(name, keys[name]) for name in listening if name in keys]


@transaction.atomic
def _store(task: Task, actor: Actor, now: datetime, text: str, reached: list[str], done: Broadcast) -> None:
    task = books.lock(task)
    by = actor.display_name
    message = f'{by} broadcasted a message on "{task.title}": {text}'
    notes = [Note(name, "message", "Task Broadcast", message, ("task", task.pk)) for name in reached]
    told = books.task_story(
        "task_broadcast",
        task,
        by=by,
        description=f"Broadcast message to {done.sent} subscribers of task: {task.title}",
        data={"sent": done.sent, "skipped": done.skipped},
    )
    record(*post(notes, actor=actor, now=now), told, at=now)
