"""What agents and tasks cost."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from projects.models import Project
from realtime.wire.legacy import STATUS_WORDS
from tasks.models import PRIORITIES, Task
from tokens.statistics import Use

from .tokens_sums import grouped, of_agent, of_model, stats, stats_by, timeline

TASK_COLUMNS = ("id", "title", "status", "priority", "assigned_to", "number", "project_id")
# Databases bound the number of parameters of a statement.
AT_ONCE = 5000


def agent_costs(uses: list[Use]) -> dict[str, Any]:
    agents = {
        name: {
            "stats": stats(mine),
            "models": stats_by(mine, of_model),
            "sessions": list(dict.fromkeys(use.session_id for use in mine)),
            "timeline": timeline(mine),
        }
        for name, mine in grouped(uses, of_agent).items()
    }
    return {"agents": agents, "recordCount": len(uses)}


def task_costs(uses: list[Use], *, workspace_id: int) -> dict[str, Any]:
    """Reports of tasks that were removed count nowhere."""
    tasks = _tasks({use.task_id for use in uses if use.task_id}, workspace_id)
    attributed = [use for use in uses if use.task_id in tasks]
    loose = [use for use in uses if use.task_id is None]
    # Apart from the tasks: joined, SQLite would look for them project by project.
    projects = Project.objects.in_workspace(workspace_id).in_bulk()
    lines = [
        _line(tasks[int(id)], projects, mine) for id, mine in grouped(attributed, lambda use: str(use.task_id)).items()
    ]
    return {
        "summary": stats([*attributed, *loose]),
        "tasks": sorted(lines, key=lambda line: -line["stats"]["totalCost"]),
        "agents": _with_tasks(attributed, of_agent),
        "projects": _with_tasks(attributed, lambda use: str(use.project_id or "unscoped")),
        "unattributed": stats(loose),
        "recordCount": len(attributed) + len(loose),
        "attributedRecordCount": len(attributed),
    }


def _tasks(ids: Iterable[int], workspace_id: int) -> dict[int, dict[str, Any]]:
    wanted = sorted(ids)
    here = Task.objects.in_workspace(workspace_id)
    found = {}
    for start in range(0, len(wanted), AT_ONCE):
        for row in here.filter(id__in=wanted[start : start + AT_ONCE]).values_list(*TASK_COLUMNS):
            found[row[0]] = dict(zip(TASK_COLUMNS, row, strict=True))
    return found


def _line(task: dict[str, Any], projects: dict[int, Project], uses: list[Use]) -> dict[str, Any]:
    project = projects[task["project_id"]]
    return {
        "taskId": task["id"],
        "title": task["title"],
        "status": STATUS_WORDS[task["status"]],
        "priority": PRIORITIES[task["priority"]],
        "assignedTo": task["assigned_to"],
        "project": {
            "id": project.pk,
            "name": project.name,
            "slug": project.slug,
            "ticketRef": f"{project.ticket_prefix}-{task['number']:03d}",
        },
        "stats": stats(uses),
        "models": stats_by(uses, of_model),
        "timeline": timeline(uses),
    }


def _with_tasks(uses: list[Use], key: Callable[[Use], str]) -> dict[str, Any]:
    lines = {}
    for name, mine in grouped(uses, key).items():
        ids = sorted({use.task_id for use in mine if use.task_id})
        lines[name] = {"stats": stats(mine), "taskCount": len(ids), "taskIds": ids}
    return lines
