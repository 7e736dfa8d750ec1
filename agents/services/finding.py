"""Agents by the keys that callers know them by."""

from __future__ import annotations

from agents.models import Agent
from core.errors import NotFound
from core.rows import find


def find_agent(workspace_id: int, key: str) -> Agent:
    """By id or exact name, inside the workspace."""
    agent = Agent.objects.called(workspace_id, key).first()
    if agent is None:
        raise NotFound("Agent not found")
    return agent


def lock(agent: Agent) -> Agent:
    """The agent as it is now, for this transaction alone: what the caller has read may have changed since."""
    # Not its key: new connections, which only point at it, need not wait.
    return find(Agent.objects.select_for_update(no_key=True), agent.pk, "Agent not found")


def find_named(workspace_id: int, name: str) -> Agent | None:
    """By exact name alone, even one of digits."""
    return Agent.objects.filter(workspace_id=workspace_id, name=name).first()
