"""What waits for an agent: the work items of a heartbeat, for many agents at once.

The statements are written out: building them took more than half of the time of a beat.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.db import connection, transaction

from activity.tail import Token, log_token
from agents.models import Agent
from core.rows import adapted, ask, places, unix

from .models import PRIORITIES

RECENT = timedelta(hours=4)
TASKS_SHOWN = 10
MENTIONS_SHOWN = 10
NOTIFICATIONS_SHOWN = 5
ACTIVITIES_SHOWN = 5
URGENT = ("task_created", "task_assigned", "high_priority_alert")
URGENT_LOOKED_AT = 200
REPO_KEYS = ("implementation_repo", "implementationRepo", "github_repo")
PLACE_KEYS = ("code_location", "codeLocation", "path")


Slot = tuple[int, str]


@dataclass(slots=True)
class Waiting:
    """The four groups, each already in the order and length that the agent is shown."""

    mentions: list[dict[str, Any]] = field(default_factory=list)
    tasks: list[dict[str, Any]] = field(default_factory=list)
    notifications: list[dict[str, Any]] = field(default_factory=list)
    unread: int = 0
    urgent: list[dict[str, Any]] = field(default_factory=list)

    @property
    def kinds(self) -> list[str]:
        """The groups that are not empty."""
        groups = {
            "mentions": self.mentions,
            "assigned_tasks": self.tasks,
            "notifications": self.unread,
            "urgent_activities": self.urgent,
        }
        return [kind for kind, found in groups.items() if found]

    @property
    def counts(self) -> dict[str, int]:
        """How many of what, in words for people."""
        return {
            "mention": len(self.mentions),
            "task": len(self.tasks),
            "notification": self.unread,
            "urgent message": len(self.urgent),
        }


class Memory:
    """What waited for whom, and under which token of the log that was found out. Nothing can wait for an agent
    without an event; what waits can only grow too old, which may be noticed a minute late."""

    LASTS = timedelta(minutes=1)
    HOLDS_EMPTY, HOLDS_FULL = 50_000, 3_000

    def __init__(self) -> None:
        self._empty: dict[Slot, tuple[Token, datetime, Waiting]] = {}
        self._full: dict[Slot, tuple[Token, datetime, Waiting]] = {}

    def recall(self, slot: Slot, token: Token, now: datetime) -> Waiting | None:
        for known in (self._empty, self._full):
            entry = known.get(slot)
            if entry and entry[0] == token and entry[1] > now:
                return entry[2]
        return None

    def keep(self, workspace_id: int, token: Token, now: datetime, found: dict[str, Waiting]) -> None:
        for name, waiting in found.items():
            known, holds = (self._empty, self.HOLDS_EMPTY) if waiting == NOTHING else (self._full, self.HOLDS_FULL)
            if len(known) >= holds:
                known.clear()
            known[workspace_id, name] = (token, now + self.LASTS, NOTHING if waiting == NOTHING else waiting)


NOTHING = Waiting()
_memory = Memory()


def waiting_for(agents: Iterable[Agent], *, workspace_id: int, now: datetime) -> dict[str, Waiting]:
    """By agent name. Five queries, however many agents ask; one when nothing has happened since they last asked."""
    token = log_token()
    found: dict[str, Waiting] = {}
    fresh: list[str] = []
    for agent in agents:
        known = _memory.recall((workspace_id, agent.name), token, now)
        if known is None:
            fresh.append(agent.name)
        found[agent.name] = known or Waiting()
    if fresh:
        since = adapted(now - RECENT)
        _mentions(found, fresh, workspace_id, since)
        _tasks(found, fresh, workspace_id)
        _notifications(found, fresh, workspace_id)
        _urgent(found, fresh, workspace_id, since)
    # Only once it is true: a transaction that rolls back gives its ids, and so its token, to the next one.
    transaction.on_commit(lambda: _memory.keep(workspace_id, token, now, {name: found[name] for name in fresh}))
    return found


def _mentions(found: dict[str, Waiting], names: list[str], workspace_id: int, since: Any) -> None:
    rows = ask(
        f"SELECT m.name, c.id, t.title, c.author, c.content, {unix('m.created_at')} FROM tasks_mention m"
        " JOIN tasks_comment c ON c.id = m.comment_id JOIN tasks_task t ON t.id = c.task_id"
        f" WHERE m.workspace_id = %s AND m.name IN ({places(names)}) AND m.created_at >= %s"
        " ORDER BY m.created_at DESC, m.id DESC",
        [workspace_id, *names, since],
    )
    for name, *values in rows:
        if len(found[name].mentions) < MENTIONS_SHOWN:
            found[name].mentions.append(
                dict(zip(("id", "task_title", "author", "content", "created_at"), values, strict=True))
            )


def _tasks(found: dict[str, Waiting], names: list[str], workspace_id: int) -> None:
    metadata = "metadata::text" if connection.vendor == "postgresql" else "metadata"
    rows = ask(
        "SELECT assigned_to, id, title, status, priority, due, meta FROM (SELECT assigned_to, id, title, status,"
        f" priority, {unix('due_at')} AS due, {metadata} AS meta, row_number() OVER (PARTITION BY assigned_to"
        f" ORDER BY priority, created_at, id) AS place FROM tasks_task WHERE workspace_id = %s"
        f" AND assigned_to IN ({places(names)}) AND status IN ('ASSIGNED', 'IN_PROGRESS')) AS own"
        " WHERE place <= %s ORDER BY place",
        [workspace_id, *names, TASKS_SHOWN],
    )
    for name, id, title, status, priority, due, meta in rows:
        item: dict[str, Any] = {
            "id": id,
            "title": title,
            "status": status.lower(),
            "priority": PRIORITIES[priority],
            "due_date": due,
        }
        if meta != "{}":
            details = orjson.loads(meta)
            _add_first(item, "implementation_repo", details, REPO_KEYS)
            _add_first(item, "code_location", details, PLACE_KEYS)
        found[name].tasks.append(item)


def _add_first(item: dict[str, Any], key: str, details: dict[str, Any], spellings: tuple[str, ...]) -> None:
    value = next((details[name] for name in spellings if details.get(name)), None)
    if value:
        item[key] = value


def _notifications(found: dict[str, Waiting], names: list[str], workspace_id: int) -> None:
    rows = ask(
        "SELECT recipient, unread, id, type, title, message, made FROM (SELECT recipient, id, type, title, message,"
        f" {unix('created_at')} AS made, row_number() OVER (PARTITION BY recipient ORDER BY id DESC) AS place,"
        " count(*) OVER (PARTITION BY recipient) AS unread FROM notifications_notification"
        f" WHERE workspace_id = %s AND recipient IN ({places(names)}) AND read_at IS NULL) AS own"
        " WHERE place <= %s ORDER BY place",
        [workspace_id, *names, NOTIFICATIONS_SHOWN],
    )
    for name, unread, *values in rows:
        found[name].unread = unread
        found[name].notifications.append(
            dict(zip(("id", "type", "title", "message", "created_at"), values, strict=True))
        )


def _urgent(found: dict[str, Waiting], names: list[str], workspace_id: int, since: Any) -> None:
    """Recent stories of new and assigned work whose sentence contains the agent's name."""
    rows = ask(
        f"SELECT id, type, description, {unix('at')} FROM activity_event WHERE workspace_id = %s"
        f" AND kind = 'activity.created' AND type IN ({places(URGENT)}) AND at >= %s ORDER BY id DESC LIMIT %s",
        [workspace_id, *URGENT, since, URGENT_LOOKED_AT],
    )
    for values in rows:
        for name in names:
            if name in values[2] and len(found[name].urgent) < ACTIVITIES_SHOWN:
                found[name].urgent.append(dict(zip(("id", "type", "description", "created_at"), values, strict=True)))
