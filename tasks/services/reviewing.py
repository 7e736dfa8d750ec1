"""The quality gate: nothing is done until somebody said that it is good."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from activity.services import record
from core.actors import Actor
from core.errors import Denied
from tasks.models import Review, Task

from . import bookkeeping as books
from .creating import top_of_column

GATE_SHUT = "Aegis approval is required to move task to done."


def check_gate(task: Task, refusal: str = GATE_SHUT) -> None:
    """Denied unless the newest review by the gatekeeper approved the task."""
    newest = Review.objects.filter(task=task, reviewer=Review.GATEKEEPER).order_by("-created_at", "-id").first()
    if newest is None or newest.status != Review.Verdict.APPROVED:
        raise Denied(refusal)


@transaction.atomic
def review_task(*, task: Task, actor: Actor, now: datetime, reviewer: str, verdict: str, notes: str) -> Review:
    """Store a verdict. Approved tasks are done; rejected ones go back into work with the reason.

    `completed_at` stays as it is: existing clients tell a reviewed task from one that was finished by hand by it.
    """
    task = books.lock(task)
    review = Review.objects.create(
        workspace_id=task.workspace_id, task=task, reviewer=reviewer, status=verdict, notes=notes, created_at=now
    )
    was = task.status
    books.count(task, -1)
    if verdict == Review.Verdict.APPROVED:
        task.status = Task.Status.DONE
    else:
        task.status = Task.Status.IN_PROGRESS
        task.error_message = f"Quality review rejected by {reviewer}: {notes}"
    task.updated_at, task.position = now, top_of_column(now)
    books.count(task, +1)
    task.save(update_fields=["status", "error_message", "updated_at", "position"])
    if was != task.status:
        books.note_transition(task, was=was, actor=actor, now=now, reason=notes)
    told = books.task_story(
        "quality_review",
        task,
        by=reviewer,
        description=f"Quality review {verdict} for task: {task.title}",
        data={"status": verdict, "notes": notes},
    )
    data = {"status": task.status, "previous_status": "REVIEW", "updated_at": int(now.timestamp() * 1000)}
    record(told, books.status_fact(actor, task_id=task.pk, data=data), at=now)
    return review


@transaction.atomic
def approve_task(*, task: Task, actor: Actor, now: datetime, notes: str) -> Task:
    """A person's own approval: the task is done, as of now."""
    if task.completed_at is None:
        Task.objects.filter(pk=task.pk).update(completed_at=now)
        task.completed_at = now
    review_task(
        task=task, actor=actor, now=now, reviewer=actor.display_name, verdict=Review.Verdict.APPROVED, notes=notes
    )
    return Task.objects.select_related("project").get(pk=task.pk)
