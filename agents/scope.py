"""What callers who speak as one agent may touch."""

from __future__ import annotations

from core.actors import Actor
from core.errors import Denied

from .models import Agent, is_number

NOT_YOU = "Access denied: agent key may only access its own agent."


def may_speak_for(actor: Actor, agent: Agent, *, key: str) -> bool:
    """A caller bound to one agent speaks for that one only; by number (`key`, of the path) it must be bound by key."""
    if not actor.is_agent_scoped:
        return True
    return actor.agent_id == agent.pk if is_number(key) else actor.agent_name == agent.name


def check_own(actor: Actor, agent: Agent, *, key: str) -> Agent:
    """The agent. Raises Denied for an agent that is not the caller's own."""
    if not may_speak_for(actor, agent, key=key):
        raise Denied(NOT_YOU)
    return agent


def is_self(actor: Actor, agent: Agent) -> bool:
    """Whether the caller is this agent: by key, by header, or by a user's name."""
    return agent.name == actor.agent_name or (actor.kind == "user" and agent.name == actor.username)
