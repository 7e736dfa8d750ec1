"""Whose tasks are: one by name in the legacy dialect, a list in the v1 dialect, kept together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import transaction

from agents.models import Agent
from tasks.models import Assignment, Task


def assignees_of(tasks: Sequence[Task]) -> dict[int, list[Agent]]:
    """The agents of each task, in their order. A task that was given away by name alone is that agent's."""
    found: dict[int, list[Agent]] = {task.pk: [] for task in tasks}
    rows = Assignment.objects.filter(task_id__in=found).select_related("agent").order_by("task_id", "place")
    for row in rows:
        found[row.task_id].append(row.agent)
    by_name = [task for task in tasks if not _agree(task, found[task.pk])]
    names = {(task.workspace_id, task.assigned_to) for task in by_name if task.assigned_to}
    agents = _called(names)
    for task in by_name:
        agent = agents.get((task.workspace_id, task.assigned_to or ""))
        found[task.pk] = [agent] if agent else []
    return found


def _agree(task: Task, agents: list[Agent]) -> bool:
    return (agents[0].name if agents else None) == task.assigned_to


def _called(names: Iterable[tuple[int, str | None]]) -> dict[tuple[int, str], Agent]:
    wanted = list(names)
    if not wanted:
        return {}
    rows = Agent.objects.filter(
        workspace_id__in={workspace_id for workspace_id, _ in wanted}, name__in={name for _, name in wanted}
    )
    return {(agent.workspace_id, agent.name): agent for agent in rows}


@transaction.atomic
def set_assignees(*, task: Task, agents: Sequence[Agent]) -> None:
    """Keep the list, and its first one as the task's `assigned_to`. The caller saves the task and tells of it."""
    Assignment.objects.filter(task=task).delete()
    Assignment.objects.bulk_create(Assignment(task=task, agent=agent, place=n) for n, agent in enumerate(agents))
    task.assigned_to = agents[0].name if agents else None
