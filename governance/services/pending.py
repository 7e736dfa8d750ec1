"""What a task's moves ask of approvals."""

from __future__ import annotations

from datetime import datetime

from agents.models import Agent
from core.actors import Actor
from governance.models import Approval
from governance.states import TERMINAL, shown
from tasks.models import Task

from . import deciding


def has_pending(task: Task) -> bool:
    return Approval.objects.pending().filter(task=task).exists()


def granted_completion(task: Task, agent: Agent, now: datetime) -> Approval | None:
    """The leave to complete this task that the agent was given."""
    rows = Approval.objects.usable(agent, now).filter(task=task, completes=True)
    return rows.filter(action_type=Approval.ActionType.STATE_TRANSITION).first()


def after_move(task: Task, was: str, actor: Actor, now: datetime) -> None:
    """Nothing is left to decide about a task that is over, or that somebody took out of its wait, in either dialect."""
    left = was == Task.Status.NEEDS_APPROVAL and actor.kind != "system"
    if left or shown(task.status) in TERMINAL:
        deciding.cancel_pending(task=task, actor=actor, now=now, reason=f"The task is {shown(task.status)} now")
