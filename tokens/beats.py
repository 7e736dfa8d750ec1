"""Heartbeats: an agent says that it lives, reports what it spent, and hears what waits for it.

Everything here takes many beats at once, since beats of a whole fleet are written in one transaction.
"""

from __future__ import annotations

import time
import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction

from agents.models import Agent, is_number
from agents.scope import NOT_YOU, may_speak_for
from agents.services import SignOfLife, hear_from
from agents.services.heartbeats import Told, tell_of_beats
from connections.services import touch
from core.actors import Actor
from core.cause import Cause
from core.errors import Denied
from tasks.work import Waiting, waiting_for

from .services import Report, book


@dataclass(frozen=True, slots=True)
class Spent:
    """The `token_usage` of a beat, complete and in range."""

    model: str
    input_tokens: int
    output_tokens: int
    task_id: int | None = None


@dataclass(frozen=True, slots=True)
class Beat:
    """`agent_key` is an id or an exact name, as in the path."""

    actor: Actor
    agent_key: str
    connection_id: uuid.UUID | None = None
    spent: Spent | None = None
    cause: Cause | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    agent: Agent
    waiting: Waiting
    token_recorded: bool


@transaction.atomic
def take_beats(beats: Sequence[Beat], *, now: datetime) -> list[Answer | Denied | None]:
    """One outcome per beat, in order: its answer, Denied, or None when there is no such agent."""
    began = time.perf_counter()
    agents = _agents_of(beats)
    outcomes: list[Answer | Denied | None] = []
    heard: dict[int, list[tuple[Beat, Agent]]] = defaultdict(list)
    for beat in beats:
        agent = agents.get((beat.actor.workspace_id, beat.agent_key))
        if agent is None or not may_speak_for(beat.actor, agent, key=beat.agent_key):
            outcomes.append(Denied(NOT_YOU) if agent else None)
            continue
        heard[agent.workspace_id].append((beat, agent))
        outcomes.append(Answer(agent, Waiting(), token_recorded=beat.spent is not None))
    waiting = {id: waiting_for({a for _, a in here}, workspace_id=id, now=now) for id, here in heard.items()}
    for workspace_id, here in heard.items():
        _take(workspace_id, here, waiting[workspace_id], now)
        if settings.CONTROL_CHANNEL:
            told = [Told(agent, beat.actor, waiting[workspace_id][agent.name].counts) for beat, agent in here]
            tell_of_beats(told, now=now, began=began)
    return [
        Answer(out.agent, waiting[out.agent.workspace_id][out.agent.name], out.token_recorded)
        if isinstance(out, Answer)
        else out
        for out in outcomes
    ]


def _agents_of(beats: Sequence[Beat]) -> dict[tuple[int, str], Agent]:
    wanted: dict[int, set[str]] = defaultdict(set)
    for beat in beats:
        wanted[beat.actor.workspace_id].add(beat.agent_key)
    found = {}
    for workspace_id, keys in wanted.items():
        agents = Agent.objects.for_beats(workspace_id, keys)
        named, numbered = {agent.name: agent for agent in agents}, {agent.pk: agent for agent in agents}
        for key in keys:
            agent = numbered.get(int(key)) if is_number(key) else named.get(key)
            if agent is not None:
                found[workspace_id, key] = agent
    return found


def _take(workspace_id: int, here: list[tuple[Beat, Agent]], waiting: dict[str, Waiting], now: datetime) -> None:
    ids = [beat.connection_id for beat, _ in here if beat.connection_id]
    if ids:
        touch(ids, workspace_id=workspace_id, now=now)
    hear_from(
        signs=[
            SignOfLife(agent, beat.actor, beat.spent is not None, waiting[agent.name].kinds, beat.cause)
            for beat, agent in here
        ],
        now=now,
    )
    reports = [
        Report(
            workspace_id,
            beat.spent.model,
            f"{agent.name}:cli",
            beat.spent.input_tokens,
            beat.spent.output_tokens,
            operation="heartbeat",
            task_id=beat.spent.task_id,
        )
        for beat, agent in here
        if beat.spent
    ]
    if reports:
        book(reports, now=now)
