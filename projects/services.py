"""Projects, their members, and the ticket numbers they hand out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from activity.catalogue import Kind
from activity.models import Event
from activity.services import fact, record
from core.actors import Actor
from core.errors import Conflict, Invalid
from core.ids import free_name, ref, slugify
from core.rows import find

from .models import GENERAL, Membership, Project

FIRST_PREFIX = "TASK"


def find_project(*, actor: Actor, id: int) -> Project:
    return find(Project.objects.in_workspace(actor.workspace_id), id, "Project not found")


@transaction.atomic
def create_project(
    *, actor: Actor, name: str, prefix: str, slug: str = "", now: datetime | None = None, **fields: Any
) -> Project:
    """Add a project; `fields` are further columns of it."""
    moment = now or timezone.now()
    same = Project.objects.in_workspace(actor.workspace_id)
    slug = slug or slugify(name, fallback="project")
    if same.filter(slug=slug).exists() or same.filter(ticket_prefix=prefix).exists():
        raise Conflict("Project slug or ticket prefix already exists")
    project = Project.objects.create(
        workspace_id=actor.workspace_id,
        name=name,
        slug=slug,
        ticket_prefix=prefix,
        created_at=moment,
        updated_at=moment,
        **fields,
    )
    data = {"id": project.id, "name": project.name}
    record(fact(Kind.PROJECT_CREATED, actor=actor, subject=ref("project", project.id), data=data), at=moment)
    return project


@transaction.atomic
def change_project(
    *, project: Project, actor: Actor, now: datetime, changes: dict[str, Any], members: list[str] | None = None
) -> Project:
    """Set columns of a project, and its members when they are given: who stays keeps the role."""
    project = lock(project)
    if changes.get("status") == Project.Status.ARCHIVED and project.is_default:
        raise Invalid("Default project cannot be archived")
    others = Project.objects.in_workspace(project.workspace_id).exclude(pk=project.pk)
    if "ticket_prefix" in changes and others.filter(ticket_prefix=changes["ticket_prefix"]).exists():
        raise Conflict("Ticket prefix already in use")
    for name, value in changes.items():
        setattr(project, name, value)
    project.updated_at = now
    project.save(update_fields=[*changes, "updated_at"])
    if members is not None:
        _replace_members(project, members, now)
    record(changed(project, actor), at=now)
    return project


def _replace_members(project: Project, names: list[str], now: datetime) -> None:
    here = Membership.objects.filter(project=project)
    here.exclude(agent_name__in=names).delete()
    kept = set(here.values_list("agent_name", flat=True))
    Membership.objects.bulk_create(
        Membership(project=project, agent_name=name, assigned_at=now) for name in names if name not in kept
    )


@transaction.atomic
def archive_project(*, project: Project, actor: Actor, now: datetime) -> None:
    """No new task goes there any more; what is in it stays."""
    project = lock(project)
    if project.is_default:
        raise Invalid("Default project cannot be deleted")
    project.status, project.updated_at = Project.Status.ARCHIVED, now
    project.save(update_fields=["status", "updated_at"])
    record(changed(project, actor), at=now)


@transaction.atomic
def add_member(*, project: Project, actor: Actor, now: datetime, agent_name: str, role: str = "member") -> None:
    """Give an agent a place in the project; one who has it keeps the role."""
    defaults = {"role": role, "assigned_at": now}
    _, is_new = Membership.objects.get_or_create(project=project, agent_name=agent_name, defaults=defaults)
    if is_new:
        record(changed(project, actor), at=now)


@transaction.atomic
def remove_member(*, project: Project, actor: Actor, now: datetime, agent_name: str) -> None:
    gone, _ = Membership.objects.filter(project=project, agent_name=agent_name).delete()
    if gone:
        record(changed(project, actor), at=now)


def lock(project: Project) -> Project:
    """The project as it is now, for this transaction alone."""
    return find(Project.objects.select_for_update(), project.pk, "Project not found")


def changed(project: Project, actor: Actor) -> Event:
    data = {"id": project.pk, "name": project.name}
    return fact(Kind.PROJECT_CHANGED, actor=actor, subject=ref("project", project.pk), data=data)


def general_project(workspace_id: int, *, besides: Project | None = None) -> Project:
    """The workspace's default project, made on first use; `besides` is one that it must not be."""
    here = Project.objects.in_workspace(workspace_id)
    active = here.active().exclude(pk=besides.pk) if besides else here.active()
    if found := active.filter(slug=GENERAL).first() or active.order_by("id").first():
        return found
    prefix = _free_prefix(workspace_id)
    try:
        with transaction.atomic():
            return Project.objects.create(workspace_id=workspace_id, name="General", slug=GENERAL, ticket_prefix=prefix)
    except IntegrityError:
        # Somebody else has made it at this moment.
        if found := active.filter(slug=GENERAL).first():
            return found
        raise


def _free_prefix(workspace_id: int) -> str:
    same = Project.objects.in_workspace(workspace_id).filter(ticket_prefix__startswith=FIRST_PREFIX)
    taken = set(same.values_list("ticket_prefix", flat=True))
    return free_name(FIRST_PREFIX, taken, joint="")


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


def _count_up(workspace_id: int, project_id: int, by: int = 1) -> tuple[Project, int] | None:
    """One statement finds, counts and returns: this is on the path of every new task."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE projects_project SET ticket_counter = ticket_counter + %s"
            " WHERE id = %s AND workspace_id = %s AND status = %s RETURNING name, slug, ticket_prefix, ticket_counter",
            [by, project_id, workspace_id, Project.Status.ACTIVE.value],
        )
        row = cursor.fetchone()
    if row is None:
        return None
    name, slug, prefix, counter = row
    project = Project(id=project_id, workspace_id=workspace_id, name=name, slug=slug, ticket_prefix=prefix)
    return project, counter


def number_moved_task(workspace_id: int, project_id: int) -> tuple[Project, int]:
    """The project and the task's new number in it. Raises Invalid when the project takes no tasks."""
    return number_moved_tasks(workspace_id, project_id, 1)


def number_moved_tasks(workspace_id: int, project_id: int, n: int) -> tuple[Project, int]:
    """Take `n` numbers of a project at once; returns the last of them."""
    ticket = _count_up(workspace_id, project_id, n)
    if ticket is None:
        raise Invalid("Project not found or archived")
    return ticket
