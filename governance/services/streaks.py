"""Runs that fail one after the other: people are warned, then the agent is stopped."""

from __future__ import annotations

from datetime import datetime

from django.db.models import F

from agents.models import Mandate
from core.actors import system
from governance.models import Alert
from tokens.models import Run

from .alerts import Trouble, open_alert
from .controlling import QUARANTINE, control_agent
from .limits import limits_for


def note_outcome(*, run: Run, now: datetime) -> None:
    """A run is over. One that went well ends the streak. The mandate must be locked."""
    row = Mandate.objects.filter(pk=run.agent_id)
    if run.status == Run.Status.COMPLETED:
        row.exclude(error_streak=0).update(error_streak=0)
        return
    row.update(error_streak=F("error_streak") + 1, last_error=run.error or f"The run ended as {run.status}")
    streak = row.values_list("error_streak", flat=True).get()
    limits = limits_for(run.workspace_id, agent=run.agent, task=run.task)
    is_over = streak >= max(1, limits.of("errorStreakQuarantine"))
    if streak != limits.of("errorStreakWarn") and not is_over:
        return
    trouble = Trouble(
        "AGENT_ERROR_STREAK",
        Alert.Severity.ERROR if is_over else Alert.Severity.WARNING,
        f"{run.agent.name}: {streak} runs in a row failed",
        run.error or "",
        agent_id=run.agent_id,
        run_id=run.pk,
        metadata={"errorStreak": streak},
    )
    by = system(run.workspace_id)
    open_alert(trouble=trouble, actor=by, now=now)
    if is_over:
        control_agent(agent=run.agent, action=QUARANTINE, actor=by, now=now, reason=f"{streak} runs in a row failed")
