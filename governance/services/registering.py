"""Agents with all that they may do: registered by people, or started by other agents."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from activity.catalogue import Kind
from activity.services import record
from agents.models import Agent, Mandate
from agents.services import create_agent, update_agent
from agents.services.telling import fact_of
from core.actors import Actor
from core.errors import Conflict, Invalid
from governance.days import next_midnight

from .allowances import lock, release
from .renaming import rename_agent


@dataclass(frozen=True, slots=True)
class Newcomer:
    """What is said of an agent that is registered. `mandate` are columns of its mandate."""

    slug: str
    name: str
    workspace_path: str
    autonomy: str
    mandate: dict[str, Any] = field(default_factory=dict)


@transaction.atomic
def register_agent(*, newcomer: Newcomer, actor: Actor, now: datetime) -> Agent:
    """Add an agent with its mandate. Raises Conflict when its id or its name is taken."""
    mandate = {"autonomy": newcomer.autonomy, **usual(newcomer.autonomy), **newcomer.mandate}
    check_autonomy(newcomer.autonomy, can_spawn=mandate["can_spawn"])
    try:
        with transaction.atomic():
            agent = create_agent(
                actor=actor,
                now=now,
                name=newcomer.name,
                role=newcomer.autonomy.lower(),
                slug=newcomer.slug,
                workspace_path=newcomer.workspace_path,
            )
    except IntegrityError:
        raise Conflict(f"There is an agent {newcomer.slug} already") from None
    Mandate.objects.create(agent=agent, spend_reset_at=next_midnight(now), **mandate)
    return agent


def usual(autonomy: str) -> dict[str, Any]:
    """What a role is given when nothing is said."""
    intern = autonomy == Mandate.Autonomy.INTERN
    return {"can_spawn": not intern, "max_sub_agents": 0 if intern else 3}


def check_autonomy(autonomy: str, *, can_spawn: bool) -> None:
    if can_spawn and autonomy == Mandate.Autonomy.INTERN:
        raise Invalid.fields("canSpawn: an intern starts no other agents")


@transaction.atomic
def amend_agent(
    *, agent: Agent, actor: Actor, now: datetime, columns: dict[str, Any], mandate: dict[str, Any]
) -> Agent:
    """Change the agent and its mandate; `metadata` is merged, null takes a key out. A daily budget above what was
    spent ends the pause that the old one brought."""
    if not columns and not mandate:
        return agent
    held = lock(agent.pk)
    if "metadata" in mandate:
        merged = {**held.metadata, **mandate["metadata"]}
        mandate = {**mandate, "metadata": {key: value for key, value in merged.items() if value is not None}}
    if mandate.get("autonomy", held.autonomy) != held.autonomy:
        mandate = {**usual(mandate["autonomy"]), **mandate}
    for name, value in mandate.items():
        setattr(held, name, value)
    check_autonomy(held.autonomy, can_spawn=held.can_spawn)
    if mandate:
        held.save(update_fields=list(mandate))
    if (name := columns.get("name", agent.name)) != agent.name:
        agent = rename_agent(agent=agent, name=name, actor=actor, now=now)
    rest = {column: value for column, value in columns.items() if column != "name"}
    if "autonomy" in mandate:
        rest["role"] = mandate["autonomy"].lower()
    if rest:
        agent = update_agent(agent=agent, actor=actor, now=now, changes=rest)
    elif mandate:
        Agent.objects.filter(pk=agent.pk).update(updated_at=now)
        agent.updated_at = now
        record(fact_of(agent, Kind.AGENT_UPDATED, actor, only=("role",)), at=now)
    release(agent=agent, actor=actor, now=now)
    return agent
