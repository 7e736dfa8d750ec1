"""Projects, and the ticket numbers they hand out."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F

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


def project_for_new_task(workspace_id: int, project_id: int | None) -> Project:
    """An unknown or archived project falls back to the default one."""
    if project_id is not None:
        wanted = Project.objects.in_workspace(workspace_id).active().filter(id=project_id).first()
        if wanted:
            return wanted
    return general_project(workspace_id)


def project_for_move(workspace_id: int, project_id: int) -> Project:
    project = Project.objects.in_workspace(workspace_id).active().filter(id=project_id).first()
    if project is None:
        raise Invalid("Project not found or archived")
    return project


def next_ticket(project: Project) -> int:
    """Count one up inside the caller's transaction; a number that was handed out never comes back."""
    Project.objects.filter(pk=project.pk).update(ticket_counter=F("ticket_counter") + 1)
    project.refresh_from_db(fields=["ticket_counter"])
    return project.ticket_counter
