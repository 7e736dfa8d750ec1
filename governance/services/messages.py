"""What agents and people say about tasks in the v1 dialect: one table with the comments of the other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from activity.services import record
from agents.models import Agent
from core.actors import Actor
from core.errors import Conflict, Denied, Invalid
from core.secrets import redact
from notifications.services import Note, post, unsaid
from tasks.models import Comment, Subscription, Task
from tasks.services import bookkeeping as books
from tasks.services.commenting import file_comment

from .documents import Artifact, keep_artifacts
from .operators import operator_of
from .situation import Situation, look

Type = Comment.Type
MENTION = re.compile(r"(?<![A-Za-z0-9._@/-])@([A-Za-z0-9][A-Za-z0-9_-]{0,63})")
OPERATOR = {"operator", "human"}
NAMED_AT_MOST = 40
BODY = 200


@dataclass(frozen=True, slots=True)
class Saying:
    """What somebody wants to say."""

    type: str
    content: str
    artifacts: Sequence[Artifact] = ()
    mentions: Sequence[str] = ()
    reply_to: int | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """`notified` has everybody who was named, in their order, and whether they hear of it."""

    message: Comment
    notified: list[tuple[str, bool]]


@transaction.atomic
def post_message(*, task: Task, actor: Actor, agent: Agent | None, now: datetime, saying: Saying) -> Said:
    """Say something on a task, and tell those who are named. Raises Denied for a type that is not for this caller,
    Conflict on a task that is over."""
    task = books.lock(task)
    here = look(task, actor=actor, agent=agent)
    _check(here, saying)
    if saying.reply_to is not None and not task.comments.filter(pk=saying.reply_to).exists():
        raise Invalid.fields("replyToId: there is no such message on this task")
    return write(task=task, actor=actor, agent=agent, now=now, saying=saying)


def _check(here: Situation, saying: Saying) -> None:
    if here.is_over and saying.type != Type.COMMENT:
        raise Conflict(f"The task is {here.status}: it takes comments only", code="STATE_CONFLICT", status=here.status)
    if saying.type in (Type.WORK_PLAN, Type.PROGRESS) and not here.is_own:
        raise Denied(f"Only the task's assignees post {saying.type} messages")
    if saying.type == Type.REVIEW and here.agent is not None and not (here.is_reviewer or here.is_lead):
        raise Denied("Only the reviewer, leads and people post REVIEW messages")
    if saying.type == Type.ARTIFACT and not saying.artifacts:
        raise Invalid.fields("artifacts: an ARTIFACT message needs at least one")


@transaction.atomic
def write(
    *,
    task: Task,
    actor: Actor,
    agent: Agent | None,
    now: datetime,
    saying: Saying,
    metadata: dict[str, Any] | None = None,
    tells: bool = True,
) -> Said:
    """As `post_message`, whoever says it; `task` must be locked. Unless it `tells`, nobody is notified."""
    content, found = redact(saying.content)
    named = _named(saying.mentions, content) if tells else []
    agents = _agents(task, named)
    author = actor.display_name if agent is None else agent.name
    message = Comment(
        workspace_id=task.workspace_id,
        task=task,
        author=author,
        content=content,
        parent_id=saying.reply_to,
        mentions=[word for word in named if word in agents],
        type=saying.type,
        actor=str(actor),
        artifacts=keep_artifacts(task=task, actor=actor, agent=agent, now=now, artifacts=saying.artifacts),
        metadata=metadata or {},
        redacted_fields=["content"] if found else [],
        created_at=now,
    )
    message.save(force_insert=True)
    told = file_comment(message, task=task, actor=actor, named=[agents[word].name for word in message.mentions])
    notes, notified = _notes(message, task, actor, agent, agents, named)
    if tells:
        books.subscribe(task, [author, *(agents[word].name for word in message.mentions)], now=now)
        notes += _to_listeners(message, task, {note.recipient for note in notes} | {author, actor.username})
    record(*told, *post(notes, actor=actor, now=now), at=now)
    return Said(message, notified)


def _named(mentions: Sequence[str], content: str) -> list[str]:
    """The words of both lists, each once, in their order; people who answer for the fleet have two names."""
    words = [word.removeprefix("@").lower() for word in mentions] + [word.lower() for word in MENTION.findall(content)]
    plain = ["operator" if word in OPERATOR else word for word in words if word]
    return list(dict.fromkeys(plain))[:NAMED_AT_MOST]


def _agents(task: Task, named: list[str]) -> dict[str, Agent]:
    if not named:
        return {}
    return {agent.slug: agent for agent in Agent.objects.in_workspace(task.workspace_id).filter(slug__in=named)}


def _notes(
    message: Comment, task: Task, actor: Actor, agent: Agent | None, agents: dict[str, Agent], named: list[str]
) -> tuple[list[Note], list[tuple[str, bool]]]:
    by = agent.slug if agent else actor.username
    title = f"@{by} mentioned you on {task.title}"[:200]
    whom: dict[str, str | None] = {}
    for word in named:
        found = agents.get(word)
        if found is not None:
            whom[word] = found.name if agent is None or found.pk != agent.pk else None
        else:
            whom[word] = _operator(task, actor) if word == "operator" else None
    notes = [
        Note(name, "mention", title, message.content[:BODY], ("task", task.pk), message_id=message.pk)
        for name in whom.values()
        if name
    ]
    fresh = unsaid(notes, workspace_id=task.workspace_id, now=message.created_at) if notes else []
    reached = {note.recipient for note in fresh}
    return fresh, [(word, name in reached) for word, name in whom.items()]


def _operator(task: Task, actor: Actor) -> str | None:
    name = operator_of(task.workspace_id)
    return name if name != actor.username or actor.kind != "user" else None


def _to_listeners(message: Comment, task: Task, but: set[str]) -> list[Note]:
    """People who listen to the task hear of every message, as they do of comments; agents when they are named."""
    listening = Subscription.objects.filter(task=task).exclude(name__in=but).order_by("id")
    agents = Agent.objects.in_workspace(task.workspace_id).filter(name__in=listening.values("name"))
    names = listening.exclude(name__in=agents.values("name")).values_list("name", flat=True)
    text = f'{message.author} commented on "{task.title}": {books.preview(message.content)}'
    title = "New comment on a subscribed task"
    return [Note(name, "comment", title, text, ("comment", message.pk), message_id=message.pk) for name in names]
