"""Every write about agents."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.services import revoke_keys_of_agent
from activity.catalogue import Kind
from activity.models import Event
from activity.services import fact, record, story
from core.actors import Actor
from core.clock import milliseconds
from core.errors import Conflict, Invalid, NotFound
from core.ids import ref, slugify

from .models import Agent, AgentQuerySet
from .templates import TEMPLATES

HEARTBEAT_ACTIVITY = "Heartbeat check"


def find_agent(workspace_id: int, key: str) -> Agent:
    """By id or exact name, inside the workspace."""
    agent = Agent.objects.called(workspace_id, key).first()
    if agent is None:
        raise NotFound("Agent not found")
    return agent


@transaction.atomic
def create_agent(*, actor: Actor, now: datetime, name: str, role: str = "", template: str = "", **fields: Any) -> Agent:
    """Add an agent. A known template fills the role and configuration that the caller left out."""
    pattern = TEMPLATES.get(template, {})
    role = role or str(pattern.get("role", ""))
    if not name or not role:
        raise Invalid("Name and role are required")
    fields["config"] = {**pattern.get("config", {}), **fields.get("config", {})}
    agent = _insert(actor, now, name, role, **fields)
    record(
        story(
            "agent_created",
            by=actor.username,
            subject=ref("agent", agent.pk),
            workspace_id=agent.workspace_id,
            agent_id=agent.pk,
            description=f"Created agent: {agent.name} ({agent.role})",
            data={"name": agent.name, "role": agent.role, "status": agent.status, "template": template or None},
        ),
        _fact_of(agent, Kind.AGENT_REGISTERED, actor),
        at=now,
    )
    return agent


@transaction.atomic
def connect_agent(*, actor: Actor, now: datetime, name: str, role: str) -> tuple[Agent, bool]:
    """The agent of that name, online: made if need be. Returns it and whether it is new."""
    agent = Agent.objects.filter(workspace_id=actor.workspace_id, name=name).first()
    if agent is not None:
        was, agent.status = agent.status, Agent.Status.ONLINE
        agent.heard_at = agent.updated_at = now
        agent.save(update_fields=["status", "heard_at", "updated_at"])
        record(presence_fact(agent, was, actor), at=now)
        return agent, False
    agent = _insert(actor, now, name, role or "cli", status=Agent.Status.ONLINE)
    record(
        story(
            "agent_created",
            by="system",
            subject=ref("agent", agent.pk),
            workspace_id=agent.workspace_id,
            agent_id=agent.pk,
            description=f'Auto-created agent "{name}" via direct CLI connection',
        ),
        _fact_of(agent, Kind.AGENT_REGISTERED, actor),
        at=now,
    )
    return agent, True


def _insert(actor: Actor, now: datetime, name: str, role: str, **fields: Any) -> Agent:
    here = Agent.objects.in_workspace(actor.workspace_id)
    if here.filter(name=name).exists():
        raise Conflict("Agent name already exists")
    fields.setdefault("config", {})
    fields["session_key"] = _free_session_key(fields.get("session_key"))
    public_id = fields["config"].get("openclawId")
    return Agent.objects.create(
        workspace_id=actor.workspace_id,
        name=name,
        slug=_free_slug(here, slugify(public_id if isinstance(public_id, str) and public_id else name)),
        handle=name.lower().replace(" ", "-"),
        role=role,
        heard_at=now,
        created_at=now,
        updated_at=now,
        **fields,
    )


def _free_session_key(key: str | None, *, of: Agent | None = None) -> str | None:
    """Session keys are unique; the empty one counts as none."""
    taken = Agent.objects.filter(session_key=key)
    if key and (taken.exclude(pk=of.pk) if of else taken).exists():
        raise Conflict("Session key already in use")
    return key or None


def _free_slug(here: AgentQuerySet, slug: str) -> str:
    taken = set(here.filter(slug__startswith=slug).values_list("slug", flat=True))
    if slug not in taken:
        return slug
    return next(f"{slug}-{n}" for n in range(2, len(taken) + 3) if f"{slug}-{n}" not in taken)


@transaction.atomic
def update_agent(*, agent: Agent, actor: Actor, now: datetime, changes: dict[str, Any]) -> Agent:
    """Set the given columns. A status also counts as a sign of life; a changed one is told in the feed."""
    if not changes:
        raise Invalid("No fields to update")
    was = agent.status
    if "session_key" in changes:
        changes = {**changes, "session_key": _free_session_key(changes["session_key"], of=agent)}
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
        events.append(_status_story(agent, by=agent.name, data=data))
    record(
        *events,
        _fact_of(agent, Kind.AGENT_UPDATED, actor, only=("status", "last_activity", "role"), of=changes),
        at=now,
    )
    return agent


@transaction.atomic
def configure_agent(
    *, agent: Agent, actor: Actor, now: datetime, role: str | None, config: dict[str, Any] | None
) -> Agent:
    """Merge `config` over the agent's own, and set its role."""
    agent.config = {**agent.config, **(config or {})}
    agent.role = role or agent.role
    agent.updated_at = now
    agent.save(update_fields=["config", "role", "updated_at"])
    record(
        story(
            "agent_config_updated",
            by=actor.username,
            subject=ref("agent", agent.pk),
            workspace_id=agent.workspace_id,
            agent_id=agent.pk,
            description=f"Configuration updated for agent: {agent.name}",
            data={"fields": list(config or {}), "write_to_gateway": False},
        ),
        _fact_of(agent, Kind.AGENT_UPDATED, actor, only=("config",)),
        at=now,
    )
    return agent


@transaction.atomic
def delete_agent(*, agent: Agent, actor: Actor, now: datetime, remove_workspace: bool = False) -> None:
    """Remove the agent with its connections; its keys stop working, its history stays."""
    id = agent.pk
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
            data={"id": id, "name": agent.name},
        ),
        at=now,
    )


@dataclass(frozen=True, slots=True)
class SignOfLife:
    """One agent was heard of, from `actor`; `working` when it reported tokens with it."""

    agent: Agent
    actor: Actor
    working: bool = False


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
            events += [
                presence_fact(agent, was, sign.actor),
                _status_story(agent, by=agent.name, data={"status": agent.status, "activity": HEARTBEAT_ACTIVITY}),
            ]
    # In one order everywhere: two batches on PostgreSQL must not wait for each other.
    Agent.objects.save_signs_of_life(agents[id] for id in sorted(agents))
    if events:
        record(*events, at=now)


def presence_fact(agent: Agent, was: str, actor: Actor) -> Event:
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


def _status_story(agent: Agent, *, by: str, data: dict[str, Any]) -> Event:
    return story(
        "agent_status_change",
        by=by,
        subject=ref("agent", agent.pk),
        workspace_id=agent.workspace_id,
        agent_id=agent.pk,
        description=f"Agent status changed to {agent.status}",
        data=data,
    )


def went_silent(agent: Agent, *, was: str, actor: Actor) -> list[Event]:
    """The events of an agent that the sweep has marked offline."""
    data = {"status": agent.status, "activity": "No heartbeat"}
    return [presence_fact(agent, was, actor), _status_story(agent, by="heartbeat", data=data)]


def _fact_of(
    agent: Agent, kind: Kind, actor: Actor, *, only: tuple[str, ...] = (), of: Iterable[str] | None = None
) -> Event:
    snapshot = agent.snapshot()
    if only:
        shown = {"id", "name", "updated_at", "workspace_id", *(set(only) & set(of) if of is not None else only)}
        snapshot = {key: value for key, value in snapshot.items() if key in shown}
    return fact(kind, actor=actor, subject=ref("agent", agent.pk), agent_id=agent.pk, data={"agent": snapshot})
