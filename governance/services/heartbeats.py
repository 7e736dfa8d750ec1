"""The beats of agents in the v1 dialect: they say how they are, and are told what waits for them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Case, F, Value, When

from activity.services import record
from agents.models import Agent, Mandate
from agents.services import HEARTBEAT_ACTIVITY, presence_fact
from agents.services.control import come_back, presence_of
from agents.services.finding import lock
from agents.services.heartbeats import Told, tell_of_beats
from agents.services.telling import status_story
from core.actors import Actor, system
from governance.models import Approval
from governance.policy import Budget
from notifications.models import Notification
from notifications.services import hand_over
from tasks.models import Task

from . import allowances
from .controlling import BEGUN, my_tasks
from .evaluating import facts_of
from .redacting import without_secrets
from .standing import resume

NOTES_AT_MOST = 30
TASKS_AT_MOST = 50
BEAT_COLUMNS = ("health", "heartbeat_at", "restart_asked_at", "status_reason", "current_task_id", "metadata")
Control = Mandate.Control
WORKING = (Control.ACTIVE, Control.DRAINED)


@dataclass(frozen=True, slots=True)
class Beat:
    """What an agent says of itself. `task` is the one that it says it works on, if that is its own."""

    session_key: str
    health: str
    task: Task | None = None
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    agent: Agent
    mandate: Mandate
    notes: list[Notification]
    approvals: list[Approval]
    tasks: list[Task]
    # When a restart was asked for that the agent had not been told of, and why.
    restart: tuple[datetime, str | None] | None
    budget: Budget


@transaction.atomic
def hear_beat(*, agent: Agent, beat: Beat, actor: Actor, now: datetime) -> Reply:
    began = time.perf_counter()
    held = allowances.lock(agent.pk)
    agent = lock(agent)
    mandate = _in_time(agent, held, actor, now)
    restart = (mandate.restart_asked_at, mandate.status_reason) if mandate.restart_asked_at else None
    mandate.health, mandate.heartbeat_at, mandate.restart_asked_at = beat.health, now, None
    mandate.current_task_id = beat.task.pk if beat.task else None
    mandate.metadata = {
        **mandate.metadata,
        "heartbeat": {"sessionKey": beat.session_key, **without_secrets(beat.metadata)[0]},
    }
    if restart:
        mandate.status_reason = None
    mandate.save(update_fields=BEAT_COLUMNS)
    _show(agent, mandate, actor, now)
    reply = Reply(
        agent=agent,
        mandate=mandate,
        notes=hand_over(workspace_id=agent.workspace_id, recipient=agent.name, now=now, at_most=NOTES_AT_MOST),
        approvals=_decidable(agent, mandate, now),
        tasks=_waiting(agent, mandate),
        restart=restart,
        budget=_budget(mandate, now),
    )
    if settings.CONTROL_CHANNEL:
        handed = {"notification": len(reply.notes), "approval": len(reply.approvals), "task": len(reply.tasks)}
        told = Told(agent, actor, handed, skipped="" if mandate.control in WORKING else mandate.control.lower())
        tell_of_beats([told], now=now, began=began)
    return reply


def _budget(mandate: Mandate, now: datetime) -> Budget:
    facts = facts_of(mandate, now)
    return Budget(facts.daily_limit or 0, facts.spend_today, facts.per_run_cap or 0)


def _in_time(agent: Agent, mandate: Mandate, actor: Actor, now: datetime) -> Mandate:
    """Who was given up is back, and who was stopped for a time that is over goes on."""
    if mandate.control == Control.OFFLINE:
        return come_back(agent=agent, actor=actor, now=now)
    if mandate.status_until is not None and mandate.status_until <= now:
        return resume(agent=agent, actor=system(agent.workspace_id), now=now)
    return mandate


def _show(agent: Agent, mandate: Mandate, actor: Actor, now: datetime) -> None:
    was, agent.status = agent.status, presence_of(agent, mandate)
    agent.last_seen = agent.heard_at = now
    agent.last_activity = HEARTBEAT_ACTIVITY
    agent.set_pulse(agent.pulse_now.beat(now, working=mandate.current_task_id is not None))
    Agent.objects.save_signs_of_life([agent])
    if was != agent.status:
        data = {"status": agent.status, "activity": HEARTBEAT_ACTIVITY}
        record(presence_fact(agent, was, actor), status_story(agent, by=agent.name, data=data), at=now)


def _decidable(agent: Agent, mandate: Mandate, now: datetime) -> list[Approval]:
    if mandate.autonomy != Mandate.Autonomy.LEAD:
        return []
    rows = Approval.objects.in_workspace(agent.workspace_id).pending().filter(expires_at__gt=now)
    found = rows.decidable_by_lead(agent).select_related("task", "requestor", "decided_by_agent")
    return list(found.order_by("expires_at", "id")[:TASKS_AT_MOST])


def _waiting(agent: Agent, mandate: Mandate) -> list[Task]:
    """What it has begun, then what it may begin: the most urgent first."""
    if mandate.control not in WORKING:
        return []
    begun = Task.Status.IN_PROGRESS
    statuses = [begun] if mandate.control == Control.DRAINED else list(BEGUN)
    later = Case(When(status=begun, then=Value(0)), default=Value(1))
    rows = my_tasks(agent).filter(status__in=statuses).select_related("project")
    return list(rows.order_by(later, "priority", F("due_at").asc(nulls_last=True), "id")[:TASKS_AT_MOST])
