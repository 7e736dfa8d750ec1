"""The limits that somebody may set for a task, an agent or by a policy: the nearest word holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings

from agents.models import Agent, Mandate
from governance.models import Policy
from tasks.models import Task


@dataclass(frozen=True, slots=True)
class Limits:
    """What was said, the nearest first: of the task, of the agent, of the policies. The deployment's come last."""

    said: tuple[dict[str, Any], ...] = ()

    def of(self, name: str) -> int:
        usual: int = settings.LIMITS[name]
        return next((int(one[name]) for one in self.said if is_limit(one.get(name))), usual)

    def minutes(self, name: str) -> timedelta:
        return timedelta(minutes=max(1, self.of(name)))


def is_limit(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1_000_000


def limits_for(workspace_id: int, *, agent: Agent | None = None, task: Task | None = None) -> Limits:
    """`agent` is the one whose doings are judged; for a task it is its first assignee, unless another is named."""
    mandate = _mandate_of(agent, task)
    rows = list(Policy.objects.in_workspace(workspace_id).filter(active=True).order_by("-id"))
    if mandate is None:
        return gathered(rows, slug=None, metadata=None, task=task)
    return gathered(rows, slug=mandate.agent.slug, metadata=mandate.metadata, task=task)


def _mandate_of(agent: Agent | None, task: Task | None) -> Mandate | None:
    if agent is None and (task is None or not task.assigned_to):
        return None
    rows = Mandate.objects.select_related("agent")
    if agent is not None:
        return rows.filter(agent=agent).first() or Mandate(agent=agent)
    assert task is not None
    return rows.filter(agent__workspace_id=task.workspace_id, agent__name=task.assigned_to).first()


def gathered(
    policies: Sequence[Policy], *, slug: str | None, metadata: dict[str, Any] | None, task: Task | None
) -> Limits:
    """From the active policies of the workspace, the newest first, and from what the agent and the task say."""
    scopes = [
        (Policy.Scope.AGENT, slug),
        (Policy.Scope.TASK_TYPE, task.type if task else None),
        (Policy.Scope.GLOBAL, ""),
    ]
    near = [
        next((row.loop_thresholds for row in policies if (row.scope_type, row.scope_id) == scope), None)
        for scope in scopes
    ]
    own = task.metadata if task is not None and isinstance(task.metadata, dict) else None
    return Limits(tuple(one for one in (own, metadata, *near) if isinstance(one, dict)))
