"""Direct connections: opened by a tool, closed by it or by the sweep of silent agents."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from activity.catalogue import Kind
from activity.models import Event
from activity.services import fact, record, story
from agents.models import Agent
from agents.services import connect_agent, presence_fact, went_silent
from core.actors import Actor, system
from core.errors import NotFound
from core.ids import ref
from notifications.services import Note, post

from .models import Connection

SWEEP_BATCH = 500


@transaction.atomic
def connect(
    *,
    actor: Actor,
    now: datetime,
    agent_name: str,
    agent_role: str = "",
    tool_name: str,
    tool_version: str | None = None,
    metadata: dict[str, Any] | None = None,
) -> Connection:
    """Open the agent's one live connection; an older one of the same agent is closed silently."""
    agent, _ = connect_agent(actor=actor, now=now, name=agent_name, role=agent_role)
    Connection.objects.filter(agent=agent, status=Connection.Status.CONNECTED).update(
        status=Connection.Status.DISCONNECTED, updated_at=now
    )
    connection = Connection.objects.create(
        workspace_id=actor.workspace_id,
        agent=agent,
        tool_name=tool_name,
        tool_version=tool_version,
        last_heartbeat=now,
        metadata=None if metadata is None else json.dumps(metadata, ensure_ascii=False),
        created_at=now,
        updated_at=now,
    )
    version = f" v{tool_version}" if tool_version else ""
    text = f"CLI connection established via {tool_name}{version}"
    record(*_events(connection, Kind.CONNECTION_CREATED, "connection_created", text, actor), at=now)
    return connection


@transaction.atomic
def disconnect(*, actor: Actor, now: datetime, connection_id: str) -> Connection:
    """Close a connection; closing it twice is no error. Without another one its agent is offline."""
    connection = _find(actor.workspace_id, connection_id)
    Connection.objects.filter(pk=connection.pk).update(status=Connection.Status.DISCONNECTED, updated_at=now)
    agent = connection.agent
    text = f"CLI connection disconnected ({connection.tool_name})"
    events = _events(connection, Kind.CONNECTION_ENDED, "connection_disconnected", text, actor)
    if not agent.connections.filter(status=Connection.Status.CONNECTED).exists():
        was = agent.status
        if was != Agent.Status.OFFLINE:
            agent.status, agent.updated_at = Agent.Status.OFFLINE, now
            agent.save(update_fields=["status", "updated_at"])
            events.append(presence_fact(agent, was, actor))
    record(*events, at=now)
    return connection


def touch(connection_ids: Iterable[uuid.UUID], *, workspace_id: int, now: datetime) -> None:
    """The connections that a beat named are alive; unknown and closed ones are ignored."""
    Connection.objects.filter(
        workspace_id=workspace_id, connection_id__in=connection_ids, status=Connection.Status.CONNECTED
    ).update(last_heartbeat=now)


def mark_stale_agents(*, now: datetime, silence: timedelta) -> list[tuple[int, str]]:
    """Mark agents offline that have been silent for longer than `silence`, and close their connections; returns the
    workspace and the name of each.

    Batches of an indexed query, each its own short transaction: the sweep may be killed or run twice at any time.
    """
    marked: list[tuple[int, str]] = []
    while batch := list(Agent.objects.silent_since(now - silence).order_by("heard_at")[:SWEEP_BATCH]):
        marked += _mark_batch(batch, now=now, before=now - silence)
    return marked


@transaction.atomic
def _mark_batch(batch: list[Agent], *, now: datetime, before: datetime) -> list[tuple[int, str]]:
    # Looked at again inside the transaction: who has beaten since is not silent.
    silent = list(Agent.objects.silent_since(before).filter(pk__in=[agent.pk for agent in batch]))
    events: list[Event] = []
    for agent in silent:
        was, agent.status = agent.status, Agent.Status.OFFLINE
        events += went_silent(agent, was=was, actor=system(agent.workspace_id))
    ids = [agent.pk for agent in silent]
    Agent.objects.filter(pk__in=ids).update(status=Agent.Status.OFFLINE, updated_at=now)
    Connection.objects.filter(agent_id__in=ids, status=Connection.Status.CONNECTED).update(
        status=Connection.Status.DISCONNECTED, updated_at=now
    )
    _tell_the_system(silent, now=now)
    record(*events, at=now)
    return [(agent.workspace_id, agent.name) for agent in silent]


def _tell_the_system(silent: list[Agent], *, now: datetime) -> None:
    """One notification each for whoever watches over the system; streams tell of the status alone."""
    for workspace_id in {agent.workspace_id for agent in silent}:
        notes = [
            Note("system", "heartbeat", f"Agent offline: {agent.name}", "No heartbeat", ("agent", agent.pk))
            for agent in silent
            if agent.workspace_id == workspace_id
        ]
        post(notes, actor=system(workspace_id), now=now)


def _find(workspace_id: int, connection_id: str) -> Connection:
    try:
        key = uuid.UUID(connection_id)
    except ValueError:
        raise NotFound("Connection not found") from None
    found = Connection.objects.filter(workspace_id=workspace_id, connection_id=key).select_related("agent").first()
    if found is None:
        raise NotFound("Connection not found")
    return found


def _events(connection: Connection, kind: Kind, type: str, text: str, actor: Actor) -> list[Event]:
    agent = connection.agent
    return [
        story(
            type,
            by=agent.name,
            subject=ref("agent", agent.pk),
            workspace_id=connection.workspace_id,
            agent_id=agent.pk,
            description=text,
        ),
        fact(
            kind,
            actor=actor,
            subject=ref("connection", connection.pk),
            agent_id=agent.pk,
            data={
                "connection_id": str(connection.connection_id),
                "agent_id": agent.pk,
                "agent_name": agent.name,
                "tool_name": connection.tool_name,
            },
        ),
    ]
