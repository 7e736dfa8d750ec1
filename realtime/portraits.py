"""Agents as they are now, for the encoders of what happened to them. Every function here asks the database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.utils import timezone

from activity.catalogue import Kind
from activity.models import Event
from agents.models import Agent, Mandate
from governance.services.allowances import allowance_by, has_own_figures
from governance.services.policies import active_policies, nearest_of

from .wire import v1

Portraits = dict[int, dict[str, Any]]
# What is told with the agent as a whole, and what needs its slug and role.
OF_AGENTS = frozenset(
    {
        Kind.AGENT_REGISTERED, Kind.AGENT_UPDATED, Kind.AGENT_STATUS_CHANGED, Kind.AGENT_PRESENCE, Kind.RUN_COMPLETED,
        Kind.ALERT_OPENED, Kind.ALERT_RESOLVED,
    }
)  # fmt: skip


def of_those_in(events: Iterable[Event]) -> Portraits:
    """By id, of the agents that these events speak of."""
    ids = {event.agent_id for event in events if event.agent_id is not None and event.kind in OF_AGENTS}
    if not ids:
        return {}
    agents = list(Agent.objects.filter(pk__in=ids))
    return dict(zip((agent.pk for agent in agents), agents_out(agents), strict=True))


def agents_out(agents: Sequence[Agent]) -> list[dict[str, Any]]:
    """As the v1 dialect shows them, with a constant number of queries."""
    now = timezone.now()
    mandates = Mandate.objects.select_related("parent").in_bulk([agent.pk for agent in agents])
    found = [(agent, mandates.get(agent.pk) or Mandate(agent=agent)) for agent in agents]
    needed = {agent.workspace_id for agent, mandate in found if not has_own_figures(mandate)}
    policies = {id: list(active_policies(id)) for id in needed}
    shapes = []
    for agent, mandate in found:
        policy = nearest_of(policies.get(agent.workspace_id, ()), agent=agent.slug, task_type=None)
        shapes.append(v1.agent(agent, mandate, allowance_by(mandate, policy), now=now))
    return shapes
