"""What the event log tells of one agent: through indexes, however long the log is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from activity.catalogue import STORIES
from activity.models import STORY_COLUMNS, Event, hour_of_event
from core.rows import adapted, ask, places

from .models import Agent

FAILURES = tuple(type for type in STORIES if "error" in type or "fail" in type)
Story = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Span:
    """From `since` until before `until`."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Counted:
    """How many stories of one type an agent's doings made in one hour (`2026-03-04T05`, UTC)."""

    hour: str
    type: str
    n: int


def voices(agent: Agent) -> tuple[str, ...]:
    """The names under which the log knows the agent: its own, present and former, and those of its keys."""
    return tuple(voice for name in agent.names for voice in (name, f"agent:{name}"))


def counted(agent: Agent, span: Span) -> list[Counted]:
    names = voices(agent)
    rows = ask(
        f"SELECT {hour_of_event()}, type, count(*) FROM {Event._meta.db_table} WHERE kind = 'activity.created'"
        f" AND workspace_id = %s AND actor IN ({places(names)}) AND at >= %s AND at < %s"
        " GROUP BY 1, 2 ORDER BY 1, 2",
        [agent.workspace_id, *names, adapted(span.since), adapted(span.until)],
    )
    return [Counted(hour, type, n) for hour, type, n in rows]


def told_by(agent: Agent, span: Span, *, types: Sequence[str] | None = None, most: int) -> list[Story]:
    """The newest stories of the agent's own doings, each voice asked alone so that an index gives the order."""
    found: list[Story] = []
    for voice in voices(agent):
        rows = Event.objects.stories(agent.workspace_id).filter(actor=voice, at__gte=span.since, at__lt=span.until)
        if types is not None:
            rows = rows.filter(type__in=types)
        found += rows.order_by("-at", "-id").values(*STORY_COLUMNS)[:most]
    return sorted(found, key=_newest_first)[:most]


def told_of(agent: Agent, span: Span, *, types: Sequence[str], most: int) -> list[Story]:
    """The newest stories about the agent, whoever caused them."""
    rows = Event.objects.stories(agent.workspace_id).filter(agent_id=agent.pk, type__in=types)
    return list(
        rows.filter(at__gte=span.since, at__lt=span.until).order_by("-at", "-id").values(*STORY_COLUMNS)[:most],
    )


def audited(agent: Agent, span: Span, *, most: int) -> list[Story]:
    """The newest audit rows of the agent's own doings."""
    found: list[Story] = []
    for voice in voices(agent):
        rows = Event.objects.audit(agent.workspace_id).filter(actor=voice, at__gte=span.since, at__lt=span.until)
        found += rows.order_by("-at", "-id").values(*STORY_COLUMNS)[:most]
    return sorted(found, key=_newest_first)[:most]


def _newest_first(row: Story) -> tuple[float, int]:
    return -row["at"].timestamp(), -row["id"]
