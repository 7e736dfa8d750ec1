"""Agents that shall begin anew."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from agents.models import Agent
from agents.services.control import ask_for_restart
from core.actors import Actor
from tasks.models import Task
from tokens.models import Run

from .allowances import lock
from .booking import update_run


@transaction.atomic
def restart_agent(*, agent: Agent, actor: Actor, now: datetime, reason: str | None = None) -> None:
    """Its runs end here, are booked at what they are thought to have cost until somebody says better, and count for
    no streak of errors."""
    lock(agent.pk)
    ask_for_restart(agent=agent, actor=actor, now=now, reason=reason)
    running = Run.objects.filter(agent=agent, status=Run.Status.RUNNING).select_related("agent", "task").order_by("id")
    runs = list(running)
    # All tasks at once, in the order in which everybody takes them.
    tasks = Task.objects.filter(pk__in={run.task_id for run in runs if run.task_id}).select_for_update(of=("self",))
    list(tasks.order_by("pk").values_list("pk"))
    for run in runs:
        update_run(
            run=run, changes={"status": Run.Status.TIMEOUT}, cost_microusd=None, actor=actor, now=now,
            counts_for_streak=False,
        )  # fmt: skip
