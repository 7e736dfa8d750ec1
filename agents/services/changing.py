"""Changes of an agent's own columns, and its removal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.services import revoke_keys_of_agent
from activity.catalogue import Kind
from activity.services import fact, record, story
from agents.models import Agent
from core.actors import Actor
from core.errors import Invalid
from core.ids import ref

from .adding import free_session_key
from .finding import lock
from .telling import agent_story, fact_of, status_story

# What apps above this one do before an agent is removed: each adds its own when it is ready.
Leaver = Callable[[Agent, Actor, datetime], None]
leavers: list[Leaver] = []


@transaction.atomic
def update_agent(*, agent: Agent, actor: Actor, now: datetime, changes: dict[str, Any]) -> Agent:
    """Set the given columns. A status also counts as a sign of life; a changed one is told in the feed."""
    if not changes:
        raise Invalid("No fields to update")
    agent = lock(agent)
    was = agent.status
    if "session_key" in changes:
        changes = {**changes, "session_key": free_session_key(changes["session_key"], of=agent)}
    for field, value in changes.items():
        setattr(agent, field, value)
    touched = {*changes, "updated_at"}
    if "status" in changes:
        agent.last_seen = agent.heard_at = now
        touched |= {"last_seen", "heard_at"}
    agent.updated_at = now
    agent.save(update_fields=touched)
    events = []
    if "status" in changes and was != agent.status:
        data = {"oldStatus": was, "newStatus": agent.status}
        if "last_activity" in changes:
            data["last_activity"] = changes["last_activity"]
        events.append(status_story(agent, by=agent.name, data=data))
    record(
        *events,
        fact_of(agent, Kind.AGENT_UPDATED, actor, only=("status", "last_activity", "role"), of=changes),
        at=now,
    )
    return agent


@transaction.atomic
def configure_agent(
    *, agent: Agent, actor: Actor, now: datetime, role: str | None, config: dict[str, Any] | None
) -> Agent:
    """Merge `config` over the agent's own, and set its role."""
    agent = lock(agent)
    agent.config = {**agent.config, **(config or {})}
    agent.role = role or agent.role
    agent.updated_at = now
    agent.save(update_fields=["config", "role", "updated_at"])
    record(
        agent_story(
            "agent_config_updated",
            agent,
            by=actor.username,
            description=f"Configuration updated for agent: {agent.name}",
            data={"fields": list(config or {}), "write_to_gateway": False},
        ),
        fact_of(agent, Kind.AGENT_UPDATED, actor, only=("config",)),
        at=now,
    )
    return agent


@transaction.atomic
def delete_agent(*, agent: Agent, actor: Actor, now: datetime, remove_workspace: bool = False) -> None:
    """Remove the agent with its connections; its keys stop working, its history stays."""
    agent, id = lock(agent), agent.pk
    for leave in leavers:
        leave(agent, actor, now)
    revoke_keys_of_agent(agent_id=id, actor=actor, now=now)
    agent.delete()
    record(
        story(
            "agent_deleted",
            by=actor.username,
            subject=ref("agent", id),
            workspace_id=agent.workspace_id,
            agent_id=id,
            description=f"Deleted agent: {agent.name}",
            data={"name": agent.name, "role": agent.role, "remove_workspace": remove_workspace},
        ),
        fact(
            Kind.AGENT_REMOVED,
            actor=actor,
            subject=ref("agent", id),
            agent_id=id,
            data={"id": id, "name": agent.name, "slug": agent.slug},
        ),
        at=now,
    )


@transaction.atomic
def set_hidden(*, agent: Agent, actor: Actor, now: datetime, hidden: bool) -> Agent:
    """Leave the agent out of lists, or show it again."""
    agent = lock(agent)
    if agent.hidden == hidden:
        return agent
    agent.hidden, agent.updated_at = hidden, now
    agent.save(update_fields=["hidden", "updated_at"])
    record(fact_of(agent, Kind.AGENT_UPDATED, actor, only=("hidden",)), at=now)
    return agent
