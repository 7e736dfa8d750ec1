"""Projects, and the ticket numbers they hand out."""

from __future__ import annotations

from django.db import connection, transaction

from activity.catalogue import Kind
from activity.services import fact, record
from core.actors import Actor
from core.errors import Conflict, Invalid
from core.ids import ref, slugify

from .models import Project

GENERAL = "general"


@transaction.atomic
def create_project(*, actor: Actor, name: str, prefix: str, slug: str = "", color: str | None = None) -> Project:
    same = Project.objects.in_workspace(actor.workspace_id)
    slug = slug or slugify(name, fallback="project")
    if same.filter(slug=slug).exists() or same.filter(ticket_prefix=prefix).exists():
        raise Conflict("Project slug or ticket prefix already exists")
    project = Project.objects.create(
        workspace_id=actor.workspace_id, name=name, slug=slug, ticket_prefix=prefix, color=color
    )
    data = {"id": project.id, "name": project.name}
    record(fact(Kind.PROJECT_CREATED, actor=actor, subject=ref("project", project.id), data=data))
    return project


def general_project(workspace_id: int) -> Project:
    """The workspace's default project, made on first use."""
    active = Project.objects.in_workspace(workspace_id).active()
    found = active.filter(slug=GENERAL).first() or active.order_by("id").first()
    return found or Project.objects.create(
        workspace_id=workspace_id, name="General", slug=GENERAL, ticket_prefix="TASK"
    )


def number_new_task(workspace_id: int, project_id: int | None) -> tuple[Project, int]:
    """The project of a new task and the task's number in it. An unknown or archived project falls back to the
    default one; a number that was handed out never comes back."""
    for wanted in (project_id, _general_ids.get(workspace_id)):
        ticket = _count_up(workspace_id, wanted) if wanted is not None else None
        if ticket:
            return ticket
    general = general_project(workspace_id)
    _general_ids[workspace_id] = general.pk
    ticket = _count_up(workspace_id, general.pk)
    assert ticket is not None  # it is active: this transaction has just read or made it
    return ticket


# By workspace. Only a first guess: the statement below looks at the row itself.
_general_ids: dict[int, int] = {}


def _count_up(workspace_id: int, project_id: int) -> tuple[Project, int] | None:
    """One statement finds, counts and returns: this is on the path of every new task."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE projects_project SET ticket_counter = ticket_counter + 1"
            " WHERE id = %s AND workspace_id = %s AND status = %s RETURNING name, slug, ticket_prefix, ticket_counter",
            [project_id, workspace_id, Project.Status.ACTIVE.value],
        )
        row = cursor.fetchone()
    if row is None:
        return None
    name, slug, prefix, counter = row
    project = Project(id=project_id, workspace_id=workspace_id, name=name, slug=slug, ticket_prefix=prefix)
    return project, counter


def number_moved_task(workspace_id: int, project_id: int) -> tuple[Project, int]:
    ticket = _count_up(workspace_id, project_id)
    if ticket is None:
        raise Invalid("Project not found or archived")
    return ticket
