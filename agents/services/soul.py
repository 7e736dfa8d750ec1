"""The soul of an agent: the text that says who it is."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from activity.services import record
from agents import souls
from agents.models import Agent
from core.actors import Actor
from core.errors import Invalid

from .finding import lock
from .telling import agent_story

LONGEST = 1024 * 1024


@transaction.atomic
def set_soul(*, agent: Agent, actor: Actor, now: datetime, content: str | None = None, template: str = "") -> Agent:
    """Store `content`, or the template with the agent's name and role filled in; a template wins."""
    if template:
        content = souls.filled(souls.read(template), name=agent.name, role=agent.role, now=now)
    if content is None:
        raise Invalid("soul_content or template_name is required")
    if len(content) > LONGEST:
        raise Invalid(details=["soul_content: Invalid input"])
    agent = lock(agent)
    length_before = len(agent.soul_content or "")
    agent.soul_content, agent.updated_at = content, now
    agent.save(update_fields=["soul_content", "updated_at"])
    data = {
        "template_used": template or None,
        "content_length": len(content),
        "previous_content_length": length_before,
        "saved_to_workspace": False,
    }
    description = f"Soul updated for agent: {agent.name}"
    record(agent_story("agent_soul_updated", agent, by=actor.username, description=description, data=data), at=now)
    return agent
