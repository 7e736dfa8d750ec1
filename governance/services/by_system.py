"""What the system itself does to tasks: it moves them and says why, whoever caused it."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import transaction

from accounts.models import User
from core.actors import system
from governance.states import shown
from notifications.services import Note
from tasks.models import Brief, Task
from tasks.services import update_task

NEEDS_APPROVAL, BLOCKED = Task.Status.NEEDS_APPROVAL, Task.Status.BLOCKED


@transaction.atomic
def move(*, task: Task, to: str, now: datetime, reason: str = "") -> Task:
    """Take the task there, with what this changes of its brief."""
    was = task.status
    if was == to:
        return task
    actor = system(task.workspace_id)
    task = update_task(task=task, actor=actor, now=now, changes={"status": to}, sent={"status": to})
    moved = task.transitions.order_by("-id").first()
    if reason and moved is not None:
        type(moved).objects.filter(pk=moved.pk).update(reason=reason)
    Brief.objects.of(task)
    Brief.objects.filter(task=task).update(
        resume_status=shown(was) if to == NEEDS_APPROVAL else None,
        blocked_reason=reason or None if to == BLOCKED else None,
    )
    return task


def operator_of(workspace_id: int) -> str | None:
    """The name of the person who hears of what agents cannot settle themselves."""
    people = User.objects.filter(workspace_id=workspace_id)
    named = people.filter(username=settings.OPERATOR_USER).first() if settings.OPERATOR_USER else None
    found = named or people.filter(role="admin").order_by("id").first()
    return found.username if found else None


def note_to_operator(
    workspace_id: int, *, type: str, title: str, text: str, task: Task | None = None, approval_id: int | None = None
) -> list[Note]:
    """Nobody hears of it where there is no operator."""
    name = operator_of(workspace_id)
    source = ("task", task.pk) if task else None
    return [Note(name, type, title[:200], text, source, approval_id=approval_id)] if name else []
