"""Tasks as the caller may see them."""

from __future__ import annotations

from core.actors import Actor
from core.errors import Denied
from core.rows import find
from tasks.models import Task

NOT_YOURS = "Access denied: agent key may only access its own tasks."


def find_task(*, actor: Actor, id: int) -> Task:
    """The task, in the caller's workspace; a caller who speaks as an agent reaches only its own."""
    task = find(Task.objects.in_workspace(actor.workspace_id).select_related("project"), id, "Task not found")
    if actor.is_agent_scoped and task.assigned_to != actor.agent_name:
        raise Denied(NOT_YOURS)
    return task
