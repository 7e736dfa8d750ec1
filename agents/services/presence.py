"""Signs of life."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from activity.models import Event
from activity.services import record
from agents.models import Agent
from core.actors import Actor
from core.cause import Cause

from .heartbeats import heartbeat
from .telling import agent_story, presence_fact, status_story

HEARTBEAT_ACTIVITY = "Heartbeat check"


@dataclass(frozen=True, slots=True)
class SignOfLife:
    """One agent was heard of, from `actor`; `working` when it reported tokens with it. `finds` are the kinds of work
    that it is told of; `cause` is the request, where several are taken together."""

    agent: Agent
    actor: Actor
    working: bool = False
    finds: Sequence[str] = ()
    cause: Cause | None = None


@transaction.atomic(savepoint=False)
def hear_from(*, signs: Iterable[SignOfLife], now: datetime) -> None:
    """Mark agents idle and seen. A change of status is recorded; a beat that changes nothing leaves no event."""
    events: list[Event] = []
    agents: dict[int, Agent] = {}
    for sign in signs:
        agent = sign.agent
        was, agent.status = agent.status, Agent.Status.IDLE
        agent.last_seen = agent.heard_at = now
        agent.last_activity = HEARTBEAT_ACTIVITY
        agent.set_pulse(agent.pulse_now.beat(now, working=sign.working))
        agents[agent.pk] = agent
        if was != agent.status:
            told = [
                presence_fact(agent, was, sign.actor),
                status_story(agent, by=agent.name, data={"status": agent.status, "activity": HEARTBEAT_ACTIVITY}),
                _beat_story(agent, sign.finds),
            ]
            for event in told:
                event.because_of(sign.cause)
            events += told
    # In one order everywhere: two batches on PostgreSQL must not wait for each other.
    Agent.objects.save_signs_of_life(agents[id] for id in sorted(agents))
    if events:
        record(*events, at=now)


def _beat_story(agent: Agent, finds: Sequence[str]) -> Event:
    found = f"{len(finds)} work items found" if finds else "no work items"
    description = f"Heartbeat check completed - {found}"
    data = {"workItemsCount": len(finds), "workItemTypes": list(finds)}
    return agent_story("agent_heartbeat", agent, by=agent.name, description=description, data=data)


def went_silent(agent: Agent, *, was: str, actor: Actor) -> list[Event]:
    """The events of an agent that the sweep has marked offline."""
    told = heartbeat(agent, "failed", actor=actor, reason="no heartbeat")
    return [presence_fact(agent, was, actor), status_story(agent, by="heartbeat"), *told]
