"""The working memory of an agent: notes that outlive its sessions."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from activity.services import record
from agents.models import Agent
from core.clock import iso, milliseconds
from core.errors import TooLarge

from .finding import lock
from .telling import agent_story

LONGEST = 512 * 1024


@transaction.atomic
def write_memory(*, agent: Agent, now: datetime, text: str, append: bool = False) -> Agent:
    """Replace the notes, or add a dated paragraph. Raises TooLarge when the whole would be too long."""
    agent = lock(agent)
    if append:
        gap = "\n\n" if agent.working_memory else ""
        text = f"{agent.working_memory}{gap}## {iso(now)}\n{text}"
    if len(text) > LONGEST:
        raise TooLarge(
            f"Working memory exceeds {LONGEST} bytes ({len(text)} bytes)."
            " Nothing was stored. Shorten it, or clear it before adding more."
        )
    _keep(agent, text, now)
    data = {
        "content_length": len(text),
        "append_mode": append,
        "timestamp": milliseconds(now) // 1000,
        "saved_to_workspace": False,
    }
    description = f"Working memory updated for agent: {agent.name}"
    record(agent_story("agent_memory_updated", agent, by=agent.name, description=description, data=data), at=now)
    return agent


@transaction.atomic
def clear_memory(*, agent: Agent, now: datetime) -> Agent:
    agent = lock(agent)
    _keep(agent, "", now)
    data = {"timestamp": milliseconds(now) // 1000}
    description = f"Working memory cleared for agent: {agent.name}"
    record(agent_story("agent_memory_cleared", agent, by=agent.name, description=description, data=data), at=now)
    return agent


def _keep(agent: Agent, text: str, now: datetime) -> None:
    agent.working_memory, agent.updated_at = text, now
    agent.save(update_fields=["working_memory", "updated_at"])
