"""Words for agents that reach them through a gateway. What is told is told only when they have arrived."""

from __future__ import annotations

import time
from datetime import datetime

from django.db import transaction

from activity.models import Event
from activity.services import record
from agents import gateway
from agents.gateway import GatewayUnavailable
from agents.models import Agent
from core.actors import Actor
from core.errors import Invalid
from notifications.services import Note, post

from .heartbeats import TOKEN, Status, heartbeat
from .telling import agent_story, presence_fact, status_story

WAKE_ACTIVITY = "Manual wake"
WAKE = "wake-up"


def wake_agent(*, agent: Agent, actor: Actor, now: datetime, message: str = "") -> str:
    """Wake the agent's session, and mark it idle; returns what the gateway said. Raises GatewayUnavailable."""
    if not agent.session_key:
        raise Invalid("Agent has no session key configured")
    began = time.perf_counter()
    try:
        said = gateway.send(agent.session_key, message or _wake_up(agent))
    except GatewayUnavailable as error:
        _tell_of_wake(heartbeat(agent, "failed", actor=actor, preview=WAKE, reason=error.message, began=began), now)
        raise
    _mark_woken(agent, actor, now)
    status: Status = "ok-token" if TOKEN in said else "sent"
    _tell_of_wake(heartbeat(agent, status, actor=actor, preview=WAKE, began=began), now)
    return said


@transaction.atomic
def _tell_of_wake(events: list[Event], now: datetime) -> None:
    if events:
        record(*events, at=now)


def _wake_up(agent: Agent) -> str:
    return (
        f"Wake-up check-in for {agent.name}: look at your tasks and notifications, and go on with what waits for you."
    )


@transaction.atomic
def _mark_woken(agent: Agent, actor: Actor, now: datetime) -> None:
    was, agent.status = agent.status, Agent.Status.IDLE
    agent.last_seen = agent.heard_at = agent.updated_at = now
    agent.last_activity = WAKE_ACTIVITY
    agent.save(update_fields=["status", "last_seen", "heard_at", "updated_at", "last_activity"])
    data = {"status": agent.status, "activity": WAKE_ACTIVITY}
    record(presence_fact(agent, was, actor), status_story(agent, by=agent.name, data=data), at=now)


def message_agent(*, agent: Agent, actor: Actor, now: datetime, text: str) -> None:
    """Say something to the agent's session, in the caller's name. Raises GatewayUnavailable."""
    if not agent.session_key:
        raise Invalid("Recipient agent has no session key configured")
    gateway.send(agent.session_key, f"Message from {actor.display_name}: {text}")
    _tell_of_message(agent, actor, now, text)


@transaction.atomic
def _tell_of_message(agent: Agent, actor: Actor, now: datetime, text: str) -> None:
    note = Note(agent.name, "message", "Direct Message", f"{actor.display_name}: {text}", source=("agent", agent.pk))
    description = f"{actor.display_name} sent a message to {agent.name}"
    told = agent_story("agent_message", agent, by=actor.display_name, description=description, data={"to": agent.name})
    record(*post([note], actor=actor, now=now), told, at=now)
