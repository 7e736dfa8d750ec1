"""What time alone does to agents: the worker asks for it every minute. Safe to run at any time, and twice at once."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from activity.services import record
from agents.models import Agent, Mandate
from agents.services.control import come_back, set_control
from agents.services.heartbeats import heartbeat
from core.actors import system
from governance.models import Alert

from .alerts import Trouble, open_alert
from .allowances import lock
from .spawning import retire_overdue
from .standing import resume

SILENT = "no heartbeat"
BATCH = 200
Control = Mandate.Control


def watch_agents(*, now: datetime, silence: timedelta | None) -> int:
    """All of it; returns how many agents it changed. With `silence` None nobody asks who was heard of."""
    changed: list[Agent] = []
    if silence is not None:
        changed += give_up_silent(now=now, silence=silence)
        changed += welcome_back(now=now, silence=silence)
    changed += end_timed(now=now)
    return len(changed) + len(retire_overdue(now=now))


def give_up_silent(*, now: datetime, silence: timedelta) -> list[Agent]:
    """Nothing was heard of them for too long. Who is stopped stays so: it must not come back by falling silent."""
    working = Q(mandate=None) | Q(mandate__control=Control.ACTIVE)
    rows = Agent.objects.filter(working, heard_at__lt=now - silence).order_by("heard_at")
    given_up: list[Agent] = []
    while batch := list(rows[:BATCH]):
        given_up += [agent for agent in batch if _give_up(agent, now, now - silence)]
    return given_up


@transaction.atomic
def _give_up(agent: Agent, now: datetime, before: datetime) -> bool:
    # Looked at again in here: it may have beaten meanwhile.
    held = lock(agent.pk)
    silent = Agent.objects.select_for_update(of=("self",)).filter(pk=agent.pk, heard_at__lt=before).first()
    if silent is None or held.control != Control.ACTIVE:
        return False
    by = system(silent.workspace_id)
    set_control(agent=silent, to=Control.OFFLINE, actor=by, now=now, reason=SILENT)
    trouble = Trouble(
        "AGENT_OFFLINE",
        Alert.Severity.INFO,
        f"{silent.name} is offline",
        f"Nothing was heard of it since {silent.heard_at:%Y-%m-%d %H:%M} UTC. Its tasks are as they were.",
        agent_id=silent.pk,
    )
    open_alert(trouble=trouble, actor=by, now=now)
    if told := heartbeat(silent, "failed", actor=by, reason=SILENT):
        record(*told, at=now)
    return True


def welcome_back(*, now: datetime, silence: timedelta) -> list[Agent]:
    """Those that were given up for their silence, and beat again in the other dialect."""
    rows = Agent.objects.filter(mandate__control=Control.OFFLINE, mandate__status_reason=SILENT)
    found = list(rows.filter(heard_at__gte=now - silence)[:BATCH])
    return [agent for agent in found if _welcome(agent, now)]


@transaction.atomic
def _welcome(agent: Agent, now: datetime) -> bool:
    if lock(agent.pk).control != Control.OFFLINE:
        return False
    come_back(agent=agent, actor=system(agent.workspace_id), now=now)
    return True


def end_timed(*, now: datetime) -> list[Agent]:
    """Those that were stopped until now go on."""
    rows = Agent.objects.filter(mandate__status_until__lte=now).exclude(mandate__control=Control.ACTIVE)
    return [agent for agent in list(rows[:BATCH]) if _end(agent, now)]


@transaction.atomic
def _end(agent: Agent, now: datetime) -> bool:
    until = lock(agent.pk).status_until
    if until is None or until > now:
        return False
    resume(agent=agent, actor=system(agent.workspace_id), now=now)
    return True
