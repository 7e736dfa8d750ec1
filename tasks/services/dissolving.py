"""Projects removed for good: their tasks go on in the default project."""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction

from activity.services import record
from core.actors import Actor
from core.errors import Invalid
from core.rows import adapted
from projects.models import Project
from projects.services import changed, general_project, lock, number_moved_tasks
from tasks.models import Task

from . import bookkeeping as books


@transaction.atomic
def delete_project(*, project: Project, actor: Actor, now: datetime) -> None:
    """Remove the project. Its tasks get new numbers in the default project, in their old order."""
    project = lock(project)
    if project.is_default:
        raise Invalid("Default project cannot be deleted")
    n = Task.objects.in_workspace(project.workspace_id).filter(project=project).count()
    if n:
        home = general_project(project.workspace_id, besides=project)
        home, last = number_moved_tasks(project.workspace_id, home.pk, n)
        _move_all(project, home, last - n, now)
    told = changed(project, actor)
    project.delete()
    record(told, at=now)


def _move_all(project: Project, home: Project, counter: int, now: datetime) -> None:
    """Two statements, however many tasks there are."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE tasks_task SET project_id = %s, number = moved.number, updated_at = %s FROM"
            " (SELECT id, %s + row_number() OVER (ORDER BY number) AS number FROM tasks_task"
            " WHERE workspace_id = %s AND project_id = %s) AS moved WHERE tasks_task.id = moved.id",
            [home.pk, adapted(now), counter, project.workspace_id, project.pk],
        )
    books.move_counts(project.workspace_id, project.pk, home.pk)
