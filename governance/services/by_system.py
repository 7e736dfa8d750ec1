"""What the system itself does to tasks: it moves them and says why, whoever caused it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from core.actors import system
from governance.states import CANCELED, DONE, shown
from tasks.models import Brief, Task
from tasks.services import Move, update_task
from tasks.services.assigning import assignees_of

from .entering import enter, tell


@transaction.atomic
def move(*, task: Task, to: str, now: datetime, reason: str = "", completion: dict[str, Any] | None = None) -> Task:
    """Take the task there, with all that this brings along. `completion` says by whose leave it is done."""
    was = shown(task.status)
    if was == to:
        return task
    actor, brief = system(task.workspace_id), Brief.objects.of(task)
    changes: dict[str, Any] = {"status": to}
    if to in (DONE, CANCELED):
        changes["completed_at"] = now
    if completion is not None:
        brief.completion = completion
    task = update_task(task=task, actor=actor, now=now, changes=changes, sent={"status": to.lower()}, move=Move(reason))
    enter(task=task, brief=brief, was=was, to=to, actor=actor, agent=None, reason=reason, now=now)
    assignees = assignees_of([task])[task.pk]
    tell(
        task=task, was=was, to=to, assignees=assignees, reviewer=brief.reviewer, actor=actor, now=now, reason=reason
    )  # fmt: skip
    return task
