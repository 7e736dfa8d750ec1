"""What a task's moves ask of approvals."""

from __future__ import annotations

from datetime import datetime

from agents.models import Agent
from core.actors import Actor
from governance.models import Approval
from tasks.models import Task

from . import deciding


def has_pending(task: Task) -> bool:
    return Approval.objects.pending().filter(task=task).exists()


def granted_completion(task: Task, agent: Agent, now: datetime) -> Approval | None:
    """The leave to complete this task that the agent was given."""
    rows = Approval.objects.usable(agent, now).filter(task=task, completes=True)
    return rows.filter(action_type=Approval.ActionType.STATE_TRANSITION).first()


def cancel_pending(task: Task, *, actor: Actor, now: datetime) -> None:
    """The task has moved on, so that nothing is left to decide. It stays where it is now."""
    deciding.cancel_pending(task=task, actor=actor, now=now, reason=f"The task is {task.status} now")
