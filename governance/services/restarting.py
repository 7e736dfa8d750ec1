"""Agents that shall begin anew."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from activity.catalogue import Kind
from activity.services import fact, record
from agents.models import Agent
from agents.services.control import ask_for_restart
from core.actors import Actor
from core.ids import ref
from tokens.models import Run

from .booking import facts_of


@transaction.atomic
def restart_agent(*, agent: Agent, actor: Actor, now: datetime, reason: str | None = None) -> None:
    """Its runs end here and count for no streak of errors; what they cost may still be corrected."""
    ask_for_restart(agent=agent, actor=actor, now=now, reason=reason)
    running = Run.objects.select_for_update(of=("self",)).filter(agent=agent, status=Run.Status.RUNNING)
    for run in running.order_by("id"):
        run.status, run.ended_at = Run.Status.TIMEOUT, max(run.started_at, now)
        run.save(update_fields=["status", "ended_at"])
        data = {"run": facts_of(run)}
        told = fact(
            Kind.RUN_COMPLETED, actor=actor, subject=ref("run", run.pk), agent_id=agent.pk, task_id=run.task_id,
            data=data,
        )  # fmt: skip
        record(told, at=now)
