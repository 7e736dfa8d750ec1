"""Who is stopped, and who comes back: changes of what agents may do."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from activity.catalogue import Kind
from activity.models import Event
from activity.services import fact, record
from agents.models import Agent, Mandate
from core.actors import Actor
from core.clock import milliseconds
from core.ids import ref

from .telling import agent_story


@transaction.atomic
def set_control(
    *, agent: Agent, to: str, actor: Actor, now: datetime, reason: str | None = None, until: datetime | None = None
) -> Mandate:
    """Put the agent into this standing; being in it already changes and tells nothing."""
    mandate = Mandate.objects.of(agent)
    was = mandate.control
    changed = Mandate.objects.filter(pk=mandate.pk).exclude(control=to)
    if not changed.update(control=to, status_reason=reason, status_until=until):
        return mandate
    mandate.control, mandate.status_reason, mandate.status_until = to, reason, until
    record(_story(agent, mandate, was, actor), _fact(agent, mandate, was, actor), at=now)
    return mandate


def come_back(*, agent: Agent, actor: Actor, now: datetime) -> Mandate:
    """An agent that was given up does something again."""
    return set_control(agent=agent, to=Mandate.Control.ACTIVE, actor=actor, now=now)


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
        "was": was,
        "reason": mandate.status_reason,
        "until": milliseconds(mandate.status_until) if mandate.status_until else None,
    }
    return fact(Kind.AGENT_STATUS_CHANGED, actor=actor, subject=ref("agent", agent.pk), agent_id=agent.pk, data=data)
