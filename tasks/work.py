"""What waits for an agent: the work items of a heartbeat, for many agents at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Window
from django.db.models.functions import RowNumber

from activity.models import Event
from activity.tail import Token, log_token
from agents.models import Agent
from core.clock import seconds
from notifications.models import Notification

from .models import PRIORITIES, Mention, Task

RECENT = timedelta(hours=4)
TASKS_SHOWN = 10
MENTIONS_SHOWN = 10
NOTIFICATIONS_SHOWN = 5
ACTIVITIES_SHOWN = 5
URGENT = ("task_created", "task_assigned", "high_priority_alert")
URGENT_LOOKED_AT = 200
REPO_KEYS = ("implementation_repo", "implementationRepo", "github_repo")
PLACE_KEYS = ("code_location", "codeLocation", "path")


@dataclass(slots=True)
class Waiting:
    """The four groups, each already in the order and length that the agent is shown."""

    mentions: list[dict[str, Any]] = field(default_factory=list)
    tasks: list[dict[str, Any]] = field(default_factory=list)
    notifications: list[dict[str, Any]] = field(default_factory=list)
    unread: int = 0
    urgent: list[dict[str, Any]] = field(default_factory=list)


class Memory:
    """What waited for whom, and under which token of the log that was found out. Nothing can wait for an agent
    without an event; what waits can only grow too old, which may be noticed a minute late."""

    LASTS = timedelta(minutes=1)
    HOLDS = 2000

    def __init__(self) -> None:
        self._known: dict[tuple[int, str], tuple[Token, datetime, Waiting]] = {}

    def recall(self, workspace_id: int, name: str, token: Token, now: datetime) -> Waiting | None:
        entry = self._known.get((workspace_id, name))
        return entry[2] if entry and entry[0] == token and entry[1] > now else None

    def keep(self, workspace_id: int, token: Token, now: datetime, found: dict[str, Waiting]) -> None:
        if len(self._known) + len(found) > self.HOLDS:
            self._known.clear()
        for name, waiting in found.items():
            self._known[workspace_id, name] = (token, now + self.LASTS, waiting)


_memory = Memory()


def waiting_for(agents: Iterable[Agent], *, workspace_id: int, now: datetime) -> dict[str, Waiting]:
    """By agent name. Five queries, however many agents ask; one when nothing has happened since they last asked."""
    token = log_token()
    found: dict[str, Waiting] = {}
    fresh: list[str] = []
    for agent in agents:
        known = _memory.recall(workspace_id, agent.name, token, now)
        if known is None:
            fresh.append(agent.name)
        found[agent.name] = known or Waiting()
    if fresh:
        _mentions(found, fresh, workspace_id, now)
        _tasks(found, fresh, workspace_id)
        _notifications(found, fresh, workspace_id)
        _urgent(found, fresh, workspace_id, now)
    # Only once it is true: a transaction that rolls back gives its ids, and so its token, to the next one.
    transaction.on_commit(lambda: _memory.keep(workspace_id, token, now, {name: found[name] for name in fresh}))
    return found


def _mentions(found: dict[str, Waiting], names: list[str], workspace_id: int, now: datetime) -> None:
    rows = (
        Mention.objects.filter(workspace_id=workspace_id, name__in=names, created_at__gte=now - RECENT)
        .order_by("-created_at", "-id")
        .values_list("name", "comment_id", "comment__task__title", "comment__author", "comment__content", "created_at")
    )
    for name, id, title, author, content, created_at in rows:
        if len(found[name].mentions) < MENTIONS_SHOWN:
            found[name].mentions.append(
                {
                    "id": id,
                    "task_title": title,
                    "author": author,
                    "content": content,
                    "created_at": seconds(created_at),
                }
            )


def _tasks(found: dict[str, Waiting], names: list[str], workspace_id: int) -> None:
    rows = (
        Task.objects.filter(
            workspace_id=workspace_id,
            assigned_to__in=names,
            status__in=[Task.Status.ASSIGNED, Task.Status.IN_PROGRESS],
        )
        .annotate(place=Window(RowNumber(), partition_by="assigned_to", order_by=["priority", "created_at", "id"]))
        .filter(place__lte=TASKS_SHOWN)
        .order_by("place")
        .values_list("assigned_to", "id", "title", "status", "priority", "due_at", "metadata")
    )
    for name, id, title, status, priority, due_at, metadata in rows:
        item: dict[str, Any] = {
            "id": id,
            "title": title,
            "status": status.lower(),
            "priority": PRIORITIES[priority],
            "due_date": seconds(due_at),
        }
        _add_first(item, "implementation_repo", metadata, REPO_KEYS)
        _add_first(item, "code_location", metadata, PLACE_KEYS)
        found[name or ""].tasks.append(item)


def _add_first(item: dict[str, Any], key: str, metadata: dict[str, Any], spellings: tuple[str, ...]) -> None:
    value = next((metadata[name] for name in spellings if metadata.get(name)), None)
    if value:
        item[key] = value


def _notifications(found: dict[str, Waiting], names: list[str], workspace_id: int) -> None:
    unread: dict[str, int] = defaultdict(int)
    rows = (
        Notification.objects.filter(workspace_id=workspace_id, recipient__in=names, read_at=None)
        .order_by("-id")
        .values_list("recipient", "id", "type", "title", "message", "created_at")
    )
    for name, id, type, title, message, created_at in rows:
        unread[name] += 1
        if unread[name] <= NOTIFICATIONS_SHOWN:
            found[name].notifications.append(
                {"id": id, "type": type, "title": title, "message": message, "created_at": seconds(created_at)}
            )
    for name, n in unread.items():
        found[name].unread = n


def _urgent(found: dict[str, Waiting], names: list[str], workspace_id: int, now: datetime) -> None:
    """Recent stories of new and assigned work whose sentence contains the agent's name."""
    rows = (
        Event.objects.stories(workspace_id)
        .filter(type__in=URGENT, at__gte=now - RECENT)
        .values_list("id", "type", "description", "at")[:URGENT_LOOKED_AT]
    )
    for id, type, description, at in rows:
        for name in names:
            if name in description and len(found[name].urgent) < ACTIVITIES_SHOWN:
                found[name].urgent.append(
                    {"id": id, "type": type, "description": description, "created_at": seconds(at)}
                )
