"""What the agents of a task planned, handed in and asked leave for, as its page tells it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from governance.models import Approval
from tasks.models import Brief, Task

from .approvals import Line, lines_of

APPROVALS = 20
# Of other states the reason is history, which the thread tells.
STANDING = {
    Task.Status.NEEDS_APPROVAL,
    Task.Status.BLOCKED,
    Task.Status.FAILED,
    Task.Status.REVIEW,
    Task.Status.QUALITY_REVIEW,
    Task.Status.AWAITING_OWNER,
    Task.Status.CANCELED,
}


@dataclass(frozen=True, slots=True)
class Told:
    """`brief` is None for tasks that nobody planned or costed."""

    brief: Brief | None
    reason: str
    approvals: list[Line]

    @property
    def is_costed(self) -> bool:
        brief = self.brief
        return brief is not None and bool(brief.actual_cost_microusd or brief.estimated_cost_microusd is not None)

    @property
    def is_over_estimate(self) -> bool:
        brief = self.brief
        if brief is None or brief.estimated_cost_microusd is None:
            return False
        return brief.actual_cost_microusd > brief.estimated_cost_microusd


def told_of(task: Task, *, now: datetime) -> Told:
    rows = Approval.objects.filter(task=task).select_related("requestor", "decided_by_agent").order_by("-id")
    brief = Brief.objects.select_related("reviewer").filter(task=task).first()
    return Told(brief, _reason(task, brief), lines_of(rows[:APPROVALS], now=now))


def _reason(task: Task, brief: Brief | None) -> str:
    """Why the task is where it is."""
    if task.status not in STANDING:
        return ""
    if task.status == Task.Status.BLOCKED and brief and brief.blocked_reason:
        return brief.blocked_reason
    last = task.transitions.order_by("-at", "-id").first()
    return last.reason if last and last.now == task.status else ""
