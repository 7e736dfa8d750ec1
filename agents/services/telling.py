"""The events about agents, as the services record them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from activity.catalogue import Kind
from activity.models import Event
from activity.services import fact, story
from agents.models import Agent
from core.actors import Actor
from core.clock import milliseconds
from core.ids import ref


def agent_story(type: str, agent: Agent, *, by: str, description: str, data: dict[str, Any] | None = None) -> Event:
    """One sentence about the agent."""
    return story(
        type,
        by=by,
        subject=ref("agent", agent.pk),
        workspace_id=agent.workspace_id,
        agent_id=agent.pk,
        description=description,
        data=data,
    )


def presence_fact(agent: Agent, was: str, actor: Actor) -> Event:
    """The change of status from `was`; times in it are Unix milliseconds."""
    return fact(
        Kind.AGENT_PRESENCE,
        actor=actor,
        subject=ref("agent", agent.pk),
        agent_id=agent.pk,
        workspace_id=agent.workspace_id,
        data={
            "id": agent.pk,
            "name": agent.name,
            "status": agent.status,
            "was": was,
            "last_seen": agent.last_seen and milliseconds(agent.last_seen),
            "last_activity": agent.last_activity,
        },
    )


def status_story(agent: Agent, *, by: str, data: dict[str, Any] | None = None) -> Event:
    description = f"Agent status changed to {agent.status}"
    return agent_story("agent_status_change", agent, by=by, description=description, data=data)


def fact_of(
    agent: Agent, kind: Kind, actor: Actor, *, only: tuple[str, ...] = (), of: Iterable[str] | None = None
) -> Event:
    """The agent as it is now, for machines: whole, or of the columns `only` those that are also in `of`."""
    snapshot = agent.snapshot()
    if only:
        shown = {"id", "name", "updated_at", "workspace_id", *(set(only) & set(of) if of is not None else only)}
        snapshot = {key: value for key, value in snapshot.items() if key in shown}
    return fact(kind, actor=actor, subject=ref("agent", agent.pk), agent_id=agent.pk, data={"agent": snapshot})
