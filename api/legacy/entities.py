"""What an activity or a notification speaks of, looked up for a whole page at once."""

from __future__ import annotations

from typing import Any

from agents.models import Agent
from realtime.wire import legacy
from tasks.models import Comment, Task

PREVIEW = 100
Entity = dict[str, Any]


def entities_of(rows: list[dict[str, Any]], workspace_id: int) -> list[dict[str, Any]]:
    """Activities of the log in the dialect's shape, each with its `entity` (None when it is gone)."""
    shown = [legacy.activity(row) for row in rows]
    found = find([(row["entity_type"], row["entity_id"]) for row in shown], workspace_id)
    return [{**row, "entity": found.get((row["entity_type"], row["entity_id"]))} for row in shown]


def find(wanted: list[tuple[str | None, int | None]], workspace_id: int) -> dict[tuple[str, int], Entity]:
    """Three queries at most, whatever the page holds."""
    ids: dict[str, set[int]] = {"task": set(), "agent": set(), "comment": set()}
    for type, id in wanted:
        if type in ids and id:
            ids[type].add(id)
    found: dict[tuple[str, int], Entity] = {}
    for task in _rows(Task, ids["task"], workspace_id, "title", "status"):
        found["task", task["id"]] = {"type": "task", **task, "status": legacy.STATUS_WORDS[task["status"]]}
    for agent in _rows(Agent, ids["agent"], workspace_id, "name", "role", "status"):
        found["agent", agent["id"]] = {"type": "agent", **agent}
    for row in _rows(Comment, ids["comment"], workspace_id, "content", "task_id", "task__title"):
        found["comment", row["id"]] = {
            "type": "comment",
            "id": row["id"],
            "content": row["content"],
            "task_id": row["task_id"],
            "task_title": row["task__title"],
            "content_preview": row["content"][:PREVIEW],
        }
    return found


def _rows(model: Any, ids: set[int], workspace_id: int, *columns: str) -> list[dict[str, Any]]:
    return list(model.objects.filter(workspace_id=workspace_id, id__in=ids).values("id", *columns)) if ids else []
