"""Agents by the keys that callers know them by."""

from __future__ import annotations

from agents.models import Agent
from core.errors import NotFound


def find_agent(workspace_id: int, key: str) -> Agent:
    """By id or exact name, inside the workspace."""
    agent = Agent.objects.called(workspace_id, key).first()
    if agent is None:
        raise NotFound("Agent not found")
    return agent


def find_named(workspace_id: int, name: str) -> Agent | None:
    return Agent.objects.filter(workspace_id=workspace_id, name=name).first()
