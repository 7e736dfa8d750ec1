"""Who is stopped, and who comes back: changes of what agents may do."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from activity.catalogue import Kind
from activity.models import Event
from activity.services import fact, record
from agents.models import Agent, Mandate
from core.actors import Actor
from core.clock import milliseconds
from core.ids import ref

from .finding import lock
from .telling import agent_story, presence_fact

# What the other dialect shows of those who are stopped.
PRESENCE: dict[str, str] = {
    Mandate.Control.PAUSED: Agent.Status.IDLE,
    Mandate.Control.DRAINED: Agent.Status.IDLE,
    Mandate.Control.QUARANTINED: Agent.Status.ERROR,
    Mandate.Control.OFFLINE: Agent.Status.OFFLINE,
}


@transaction.atomic
def set_control(
    *,
    agent: Agent,
    to: str,
    actor: Actor,
    now: datetime,
    reason: str | None = None,
    until: datetime | None = None,
    set_aside: dict[str, Any] | None = None,
    instead_of: str | None = None,
) -> Mandate:
    """Put the agent into this standing; being in it already changes and tells nothing, unless it was for the reason
    that this one comes `instead_of`."""
    mandate = Mandate.objects.of(agent)
    was = mandate.control
    others = ~Q(control=to) | Q(status_reason=instead_of) if instead_of is not None else ~Q(control=to)
    changes = {"control": to, "status_reason": reason, "status_until": until, "set_aside": set_aside}
    if not Mandate.objects.filter(others, pk=mandate.pk).update(**changes):
        return mandate
    for name, value in changes.items():
        setattr(mandate, name, value)
    record(
        *_shown(agent, mandate, actor, now), _story(agent, mandate, was, actor), _fact(agent, mandate, was, actor),
        at=now,
    )  # fmt: skip
    return mandate


def come_back(*, agent: Agent, actor: Actor, now: datetime) -> Mandate:
    """An agent that was given up does something again."""
    return set_control(agent=agent, to=Mandate.Control.ACTIVE, actor=actor, now=now)


@transaction.atomic
def ask_for_restart(*, agent: Agent, actor: Actor, now: datetime, reason: str | None = None) -> Mandate:
    """It begins anew: no errors, no task. Whoever runs it is told at once, and it itself with its next beat. Asking
    again before that asks for nothing more."""
    mandate = set_control(agent=agent, to=Mandate.Control.ACTIVE, actor=actor, now=now, reason=reason)
    fresh: dict[str, Any] = {"error_streak": 0, "last_error": None, "current_task_id": None, "restart_asked_at": now}
    fresh |= {"status_reason": reason, "status_until": None}
    if not Mandate.objects.filter(pk=mandate.pk, restart_asked_at=None).update(**fresh):
        return mandate
    mandate.refresh_from_db()
    mandate.agent = agent
    data = {"id": agent.pk, "slug": agent.slug, "name": agent.name, "action": "RESTART", "reason": reason}
    told = fact(Kind.AGENT_CONTROL, actor=actor, subject=ref("agent", agent.pk), agent_id=agent.pk, data=data)
    record(told, at=now)
    return mandate


def presence_of(agent: Agent, mandate: Mandate) -> str:
    """As the agent's standing has it, and for those who work as their last beat said."""
    if mandate.control in PRESENCE:
        return PRESENCE[mandate.control]
    if mandate.health == Mandate.Health.BUSY or mandate.current_task_id is not None:
        return Agent.Status.BUSY
    if mandate.health == Mandate.Health.HEALTHY:
        return Agent.Status.ONLINE
    return Agent.Status.IDLE if mandate.health or agent.last_seen else Agent.Status.OFFLINE


def _shown(agent: Agent, mandate: Mandate, actor: Actor, now: datetime) -> list[Event]:
    was = lock(agent).status
    agent.status = presence_of(agent, mandate)
    if agent.status == was:
        return []
    Agent.objects.filter(pk=agent.pk).update(status=agent.status, updated_at=now)
    return [presence_fact(agent, was, actor)]


def _story(agent: Agent, mandate: Mandate, was: str, actor: Actor) -> Event:
    text = f"{agent.name} is {mandate.control.lower()} now"
    data = {"was": was, "status": mandate.control, "reason": mandate.status_reason}
    return agent_story("agent_status_change", agent, by=actor.username, description=text, data=data)


def _fact(agent: Agent, mandate: Mandate, was: str, actor: Actor) -> Event:
    data = {
        "id": agent.pk,
        "slug": agent.slug,
        "name": agent.name,
        "status": mandate.control,
        "presence": agent.status,
        "was": was,
        "reason": mandate.status_reason,
        "until": milliseconds(mandate.status_until) if mandate.status_until else None,
    }
    return fact(Kind.AGENT_STATUS_CHANGED, actor=actor, subject=ref("agent", agent.pk), agent_id=agent.pk, data=data)
