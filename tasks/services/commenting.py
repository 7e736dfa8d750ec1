"""The conversation on a task."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from activity.catalogue import Kind
from activity.models import Event
from activity.services import fact, record, story
from core.actors import Actor
from core.errors import NotFound
from core.ids import ref
from notifications.services import Note, post
from tasks import mentions
from tasks.mentions import Mentioned
from tasks.models import Comment, Mention, Subscription, Task

from . import bookkeeping as books
from .creating import top_of_column


@transaction.atomic
def add_comment(
    *, task: Task, actor: Actor, now: datetime, content: str, parent_id: int | None = None
) -> tuple[Comment, str | None]:
    """Say something on a task; returns the comment and the agent the task was thereby given to, if any.

    Naming an agent on a task that nobody has assigns it. Raises Invalid for unknown mentions.
    """
    task = books.lock(task)
    if parent_id is not None and not Comment.objects.filter(pk=parent_id, task=task).exists():
        raise NotFound("Parent comment not found")
    mentioned = mentions.resolve(content, workspace_id=task.workspace_id)
    comment = Comment.objects.create(
        workspace_id=task.workspace_id,
        task=task,
        author=actor.display_name,
        content=content,
        parent_id=parent_id,
        mentions=[who.token for who in mentioned],
        actor=str(actor),
        created_at=now,
    )
    events = file_comment(comment, task=task, actor=actor, named=[who.recipient for who in mentioned])
    assigned = _assign_to_first_agent(task, mentioned, actor, now, events)
    books.subscribe(task, [actor.display_name, *(who.recipient for who in mentioned), task.assigned_to], now=now)
    events += post(_notes(comment, task, mentioned, actor), actor=actor, now=now)
    record(*events, at=now)
    return comment, assigned


def file_comment(comment: Comment, *, task: Task, actor: Actor, named: list[str]) -> list[Event]:
    """Count a new comment and those it names; returns its events, for the caller to record."""
    Task.objects.filter(pk=task.pk).update(comment_count=F("comment_count") + 1)
    Mention.objects.bulk_create(
        Mention(comment=comment, workspace_id=comment.workspace_id, name=name, created_at=comment.created_at)
        for name in dict.fromkeys(named)
    )
    return [_told(comment, task, actor), _posted(comment, actor)]


def _told(comment: Comment, task: Task, actor: Actor) -> Event:
    data: dict[str, Any] = {"task_id": task.pk, "task_title": task.title}
    if comment.parent_id:
        data["parent_id"] = comment.parent_id
    data |= {"mentions": comment.mentions, "content_preview": books.preview(comment.content)}
    opening = "Replied to comment on task" if comment.parent_id else "Added comment to task"
    return story(
        "comment_added",
        by=actor.display_name,
        subject=ref("comment", comment.pk),
        workspace_id=task.workspace_id,
        task_id=task.pk,
        description=f"{opening}: {task.title}",
        data=data,
    )


def _posted(comment: Comment, actor: Actor) -> Event:
    return fact(
        Kind.COMMENT_CREATED,
        actor=actor,
        subject=ref("comment", comment.pk),
        task_id=comment.task_id,
        data={"comment": comment.as_row()},
    )


def _assign_to_first_agent(
    task: Task, mentioned: list[Mentioned], actor: Actor, now: datetime, events: list[Event]
) -> str | None:
    agent = next((who.recipient for who in mentioned if who.is_agent), None)
    if task.assigned_to or agent is None:
        return None
    was = task.status
    books.count(task, -1)
    task.assigned_to, task.updated_at = agent, now
    if was == Task.Status.INBOX:
        task.status, task.position = Task.Status.ASSIGNED, top_of_column(now)
    books.count(task, +1)
    task.save(update_fields=["assigned_to", "status", "position", "updated_at"])
    if was != task.status:
        books.note_transition(task, was=was, actor=actor, now=now, reason="mentioned")
    suffix = f" (via @mention by {actor.display_name})"
    events += post([books.assignment_note(task, title=task.title, suffix=suffix)], actor=actor, now=now)
    events.append(
        books.task_story(
            "task_assigned",
            task,
            by=actor.display_name,
            description=f"Task assigned to {agent}: {task.title}",
            data={"assigned_to": agent, "trigger": "mention"},
        )
    )
    events.append(books.task_fact(task, Kind.TASK_UPDATED, actor, fields=["assigned_to", "status"]))
    return agent


def _notes(comment: Comment, task: Task, mentioned: list[Mentioned], actor: Actor) -> list[Note]:
    """Every subscriber but the author hears of it, the mentioned ones as mentioned."""
    named = {who.recipient for who in mentioned}
    text = books.preview(comment.content)
    notes = []
    for name in Subscription.objects.filter(task=task).order_by("id").values_list("name", flat=True):
        if books.is_actor(name, actor):
            continue
        if name in named:
            type, title, verb = "mention", "You were mentioned", "mentioned you in a comment on"
        else:
            type, title, verb = "comment", "New comment on a subscribed task", "commented on"
        message = f'{actor.display_name} {verb} "{task.title}": {text}'
        notes.append(Note(name, type, title, message, ("comment", comment.pk)))
    return notes
