"""The queue: an agent asks for work and gets one task that nobody else can get."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from activity.catalogue import Kind
from activity.services import record
from core.actors import Actor
from tasks.models import Task

from . import bookkeeping as books
from .creating import top_of_column

TRIES = 8
CLAIM_LOCK = 7412


@dataclass(frozen=True, slots=True)
class Claim:
    """`reason` is continue_current, at_capacity, assigned or no_tasks_available."""

    task: Task | None
    reason: str


@transaction.atomic
def claim_next(*, actor: Actor, now: datetime, agent_name: str, capacity: int = 1) -> Claim:
    """What the agent should do now: what it has begun, or the best task that is free."""
    _wait_for_own_claims(actor.workspace_id, agent_name)
    mine = Task.objects.in_workspace(actor.workspace_id).select_related("project")
    current = list(
        mine.filter(assigned_to=agent_name, status=Task.Status.IN_PROGRESS).order_by("-updated_at", "-id")[:capacity]
    )
    if len(current) >= capacity:
        return Claim(current[0], "continue_current") if capacity == 1 else Claim(None, "at_capacity")
    # Whoever was faster with all of these has left others: none are free only when none are found.
    while free := list(mine.claimable_by(agent_name)[:TRIES]):
        for task in free:
            if _take(task, agent_name, actor, now):
                return Claim(task, "assigned")
    if current:
        return Claim(current[0], "continue_current")
    return Claim(None, "no_tasks_available")


def _wait_for_own_claims(workspace_id: int, agent_name: str) -> None:
    """One claim of an agent at a time: two at once would each find it free. SQLite has one writer at a time."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [CLAIM_LOCK, f"{workspace_id}:{agent_name}"]
            )


def _take(task: Task, agent_name: str, actor: Actor, now: datetime) -> bool:
    """Claim by update: of several agents that want the task, one changes the row."""
    was = task.status
    as_read = {name: getattr(task, name) for name in ("status", "assigned_to", "priority", "project_id")}
    free = Task.objects.filter(pk=task.pk, **as_read)
    taken = free.update(
        status=Task.Status.IN_PROGRESS, assigned_to=agent_name, updated_at=now, position=top_of_column(now)
    )
    if not taken:
        return False
    books.count(task, -1)
    task.status, task.assigned_to, task.updated_at = Task.Status.IN_PROGRESS, agent_name, now
    books.count(task, +1)
    books.note_transition(task, was=was, actor=actor, now=now, reason="claimed from the queue")
    record(books.task_fact(task, Kind.TASK_CLAIMED, actor), at=now)
    return True
