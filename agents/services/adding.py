"""New agents: added by people, registered by themselves, or found by a connection."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from activity.audit import Origin, record_audit
from activity.catalogue import Kind
from activity.services import record
from agents.models import Agent, handle_of, public_id_in
from agents.templates import TEMPLATES
from core.actors import Actor
from core.errors import Conflict, Invalid
from core.ids import free_name, slugify

from .finding import find_named
from .telling import agent_story, fact_of, presence_fact


@transaction.atomic
def create_agent(*, actor: Actor, now: datetime, name: str, role: str = "", template: str = "", **fields: Any) -> Agent:
    """Add an agent. A known template fills the role and configuration that the caller left out."""
    pattern = TEMPLATES.get(template, {})
    role = role or str(pattern.get("role", ""))
    if not name or not role:
        raise Invalid("Name and role are required")
    fields["config"] = {**pattern.get("config", {}), **fields.get("config", {})}
    agent = insert_agent(actor, now, name, role, **fields)
    record(
        agent_story(
            "agent_created",
            agent,
            by=actor.username,
            description=f"Created agent: {agent.name} ({agent.role})",
            data={"name": agent.name, "role": agent.role, "status": agent.status, "template": template or None},
        ),
        fact_of(agent, Kind.AGENT_REGISTERED, actor),
        at=now,
    )
    return agent


@transaction.atomic
def connect_agent(*, actor: Actor, now: datetime, name: str, role: str) -> tuple[Agent, bool]:
    """The agent of that name, online: made if need be. Returns it and whether it is new."""
    agent = find_named(actor.workspace_id, name)
    if agent is not None:
        was, agent.status = agent.status, Agent.Status.ONLINE
        agent.heard_at = agent.updated_at = now
        agent.save(update_fields=["status", "heard_at", "updated_at"])
        record(presence_fact(agent, was, actor), at=now)
        return agent, False
    agent = insert_agent(actor, now, name, role or "cli", looked=True, status=Agent.Status.ONLINE)
    record(
        agent_story(
            "agent_created",
            agent,
            by="system",
            description=f'Auto-created agent "{name}" via direct CLI connection',
        ),
        fact_of(agent, Kind.AGENT_REGISTERED, actor),
        at=now,
    )
    return agent, True


@dataclass(frozen=True, slots=True)
class Newcomer:
    """What an agent says of itself when it registers."""

    name: str
    role: str
    capabilities: list[str] = field(default_factory=list)
    framework: str | None = None


@transaction.atomic
def register_agent(
    *, newcomer: Newcomer, actor: Actor, now: datetime, origin: Origin | None = None
) -> tuple[Agent, bool]:
    """The agent of that name, idle and seen now: added if need be. Returns it and whether it is new."""
    agent = find_named(actor.workspace_id, newcomer.name)
    if agent is not None:
        was, agent.status = agent.status, Agent.Status.IDLE
        agent.last_seen = agent.heard_at = agent.updated_at = now
        agent.save(update_fields=["status", "last_seen", "heard_at", "updated_at"])
        if was != agent.status:
            record(presence_fact(agent, was, actor), at=now)
        return agent, False
    config: dict[str, Any] = {"capabilities": newcomer.capabilities} if newcomer.capabilities else {}
    if newcomer.framework:
        config["framework"] = newcomer.framework
    agent = insert_agent(
        actor, now, newcomer.name, newcomer.role, looked=True, status=Agent.Status.IDLE, last_seen=now, config=config
    )
    _tell_of_newcomer(agent, newcomer, actor, now, origin)
    return agent, True


def _tell_of_newcomer(agent: Agent, newcomer: Newcomer, actor: Actor, now: datetime, origin: Origin | None) -> None:
    told = {
        "name": agent.name,
        "role": agent.role,
        "framework": newcomer.framework,
        "capabilities": newcomer.capabilities,
        "self_registered": True,
    }
    description = f"Agent registered itself: {agent.name} ({agent.role})"
    record(
        agent_story("agent_created", agent, by=agent.name, description=description, data=told),
        fact_of(agent, Kind.AGENT_REGISTERED, actor),
        at=now,
    )
    record_audit("agent_self_register", actor=actor, at=now, target=("agent", agent.pk), detail=told, origin=origin)


def insert_agent(
    actor: Actor, now: datetime, name: str, role: str, *, slug: str = "", looked: bool = False, **fields: Any
) -> Agent:
    """`slug` is taken as it is; without one it is made of the name. Who has `looked` for the name takes whoever was
    quicker: for them that is no conflict but an IntegrityError, after which the same is asked anew."""
    here = Agent.objects.in_workspace(actor.workspace_id)
    if not looked and here.filter(name=name).exists():
        raise Conflict("Agent name already exists")
    if slug and here.filter(slug=slug).exists():
        raise Conflict(f"There is an agent {slug} already")
    fields.setdefault("config", {})
    fields["session_key"] = free_session_key(fields.get("session_key"))
    if not slug:
        base = slugify(public_id_in(fields["config"]) or name)
        slug = free_name(base, set(here.filter(slug__startswith=base).values_list("slug", flat=True)))
    return Agent.objects.create(
        workspace_id=actor.workspace_id,
        name=name,
        slug=slug,
        handle=handle_of(name),
        role=role,
        heard_at=now,
        created_at=now,
        updated_at=now,
        **fields,
    )


def free_session_key(key: str | None, *, of: Agent | None = None) -> str | None:
    """Session keys are unique; the empty one counts as none."""
    taken = Agent.objects.filter(session_key=key)
    if key and (taken.exclude(pk=of.pk) if of else taken).exists():
        raise Conflict("Session key already in use")
    return key or None
