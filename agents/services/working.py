"""What agents show of themselves while somebody hears them work."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from activity.models import Event
from agents.models import Agent, Mandate
from core.actors import Actor

from .control import PRESENCE
from .finding import lock
from .telling import presence_fact, status_story

ACTIVITY: dict[str, str] = {
    Agent.Status.BUSY: "At work",
    Agent.Status.IDLE: "Finished a run",
    Agent.Status.ERROR: "Ran into an error",
}


@transaction.atomic
def heard_working(
    *, agent: Agent, shows: str | None, actor: Actor, now: datetime, working_told: bool = False
) -> list[Event]:
    """A sign of life, and the status that it `shows`, if any; the events are the caller's to record. Who is stopped
    looks stopped, whatever it says. `working_told` when the caller has told already that it works."""
    row = lock(agent)
    was = row.status
    if shows is not None and shows != was and not _is_stopped(agent):
        row.status, row.last_activity = shows, ACTIVITY[shows]
    row.last_seen = row.heard_at = now
    row.set_pulse(row.pulse_now.beat(now, working=True))
    Agent.objects.save_signs_of_life([row])
    agent.status = row.status
    if row.status == was:
        return []
    shown = presence_fact(row, was, actor)
    if working_told:
        shown.data = {**(shown.data or {}), "working_told": True}
    # People read of trouble. That somebody works and rests again, many times in an hour, is for their screens.
    told = [status_story(row, by=row.name)] if Agent.Status.ERROR in (was, row.status) else []
    return [shown, *told]


def _is_stopped(agent: Agent) -> bool:
    return Mandate.objects.filter(pk=agent.pk, control__in=list(PRESENCE)).exists()
