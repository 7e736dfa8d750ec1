"""Heartbeats as the control channel tells of them: transient events, recorded only where that channel is enabled.

Agents beat thousands of times a second, so that a process tells of a few in each second; of those for which nothing
waited, of one.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.conf import settings
from django.db import transaction

from activity.catalogue import Kind
from activity.models import Event
from activity.services import fact, record
from agents.models import Agent
from core.actors import Actor
from core.ids import ref

Status = Literal["sent", "ok-empty", "ok-token", "skipped", "failed"]
# What an agent says that had nothing to do.
TOKEN = "HEARTBEAT_OK"
# In each second, by process.
TOLD_AT_MOST = 20
TOLD_EMPTY = 1


@dataclass(frozen=True, slots=True)
class Told:
    """One agent's beat, with how much of what it was handed."""

    agent: Agent
    actor: Actor
    handed: Mapping[str, int]
    # Why it was handed nothing to do, although it beat.
    skipped: str = ""


class Ration:
    """So many in each second."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._second = 0
        self._told: Counter[str] = Counter()

    def allows(self, status: Status) -> bool:
        with self._lock:
            if self._second != (second := int(time.monotonic())):
                self._second = second
                self._told.clear()
            kind = status if status == "ok-empty" else "others"
            self._told[kind] += 1
            return self._told[kind] <= (TOLD_EMPTY if status == "ok-empty" else TOLD_AT_MOST)


_ration = Ration()


@transaction.atomic(savepoint=False)
def tell_of_beats(beats: Iterable[Told], *, now: datetime, began: float) -> None:
    """`began` is the performance counter's figure when their handling began."""
    events = []
    for beat in beats:
        status: Status = "skipped" if beat.skipped else "sent" if any(beat.handed.values()) else "ok-empty"
        said = preview(beat.handed)
        events += heartbeat(beat.agent, status, actor=beat.actor, preview=said, reason=beat.skipped, began=began)
    if events:
        record(*events, at=now)


def heartbeat(
    agent: Agent, status: Status, *, actor: Actor, preview: str = "", reason: str = "", began: float | None = None
) -> list[Event]:
    """The event, to be recorded with its cause; none where nobody could hear of it, or too much is told already."""
    if not settings.CONTROL_CHANNEL or not _ration.allows(status):
        return []
    return [heartbeat_event(agent, status, actor=actor, preview=preview, reason=reason, began=began)]


def heartbeat_event(
    agent: Agent, status: Status, *, actor: Actor, preview: str = "", reason: str = "", began: float | None = None
) -> Event:
    data = {
        "id": agent.pk,
        "slug": agent.slug,
        "name": agent.name,
        "status": status,
        "preview": preview,
        "duration_ms": 0 if began is None else int((time.perf_counter() - began) * 1000),
        "reason": reason or None,
    }
    return fact(
        Kind.AGENT_HEARTBEAT,
        actor=actor,
        subject=ref("agent", agent.pk),
        agent_id=agent.pk,
        workspace_id=agent.workspace_id,
        data=data,
    )


def preview(handed: Mapping[str, int]) -> str:
    """`2 notifications, 1 task`."""
    return ", ".join(f"{n} {word}{'' if n == 1 else 's'}" for word, n in handed.items() if n)
