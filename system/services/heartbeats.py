"""The server's own heartbeats are switched on and off."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from activity.models import Lease
from activity.services import record
from agents.models import Agent
from agents.services.heartbeats import heartbeat_event
from core.actors import Actor, system
from system import heartbeats, lookup

from .settings import set_settings

# Each agent is told of once in so long, however often its turn comes.
TOLD_EVERY = timedelta(hours=1)
TOLD = "heartbeats-skipped"
BATCH = 500
DISABLED = "disabled"


@transaction.atomic
def set_heartbeats(*, on: bool, actor: Actor, now: datetime) -> None:
    """Counts in every process within seconds. What is so already is no change."""
    lookup.forget()
    if heartbeats.are_on() != on:
        set_settings(actor=actor, now=now, values={heartbeats.SETTING: "true" if on else "false"})


@transaction.atomic
def skip_heartbeats(*, now: datetime) -> int:
    """Tell of every agent whose turn it would be that nobody looks after it; returns how many."""
    if not settings.CONTROL_CHANNEL or not _is_time(now):
        return 0
    agents = list(Agent.objects.exclude(status=Agent.Status.OFFLINE).order_by("id"))
    for start in range(0, len(agents), BATCH):
        events = [
            heartbeat_event(agent, "skipped", actor=system(agent.workspace_id, "scheduler"), reason=DISABLED)
            for agent in agents[start : start + BATCH]
        ]
        record(*events, at=now)
    return len(agents)


def _is_time(now: datetime) -> bool:
    Lease.objects.get_or_create(name=TOLD, defaults={"holder": "", "until": now})
    return bool(Lease.objects.filter(name=TOLD, until__lte=now).update(until=now + TOLD_EVERY))
