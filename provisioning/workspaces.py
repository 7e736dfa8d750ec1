"""Workspaces: made, changed, and dissolved into the default one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Case, QuerySet, Value, When

from accounts.models import Workspace
from accounts.services import access_changed
from activity.audit import Origin, record_audit
from activity.catalogue import Kind
from activity.services import fact, record
from core.actors import Actor
from core.errors import Conflict, Denied, Invalid, NotFound
from core.ids import ref, slugify
from core.rows import find

from .moving import move_everything

DEFAULT_SLUG = "default"


def workspaces_of(tenant_id: int) -> QuerySet[Workspace]:
    """The default one first, then by name."""
    first = Case(When(slug=DEFAULT_SLUG, then=Value(0)), default=Value(1))
    return Workspace.objects.filter(tenant_id=tenant_id).order_by(first, "name", "id")


def find_workspace(*, tenant_id: int, id: int) -> Workspace:
    return find(Workspace.objects.filter(tenant_id=tenant_id), id, "Workspace not found")


def check_tenant(actor: Actor, *, route: str, origin: Origin, now: datetime) -> None:
    """Raises Denied, and notes it in the audit log, when the caller's workspace is not of the caller's tenant."""
    if not Workspace.objects.filter(id=actor.workspace_id, tenant_id=actor.tenant_id).exists():
        deny_tenant(actor, route=route, origin=origin, now=now)


def deny_tenant(actor: Actor, *, route: str, origin: Origin, now: datetime) -> None:
    record_audit("tenant_access_denied", actor=actor, at=now, detail={"route": route}, origin=origin)
    raise Denied("Workspace not accessible for tenant")


@transaction.atomic
def create_workspace(
    *,
    actor: Actor,
    now: datetime,
    name: str,
    slug: str = "",
    brand: str | None = None,
    isolation: str = Workspace.Isolation.SHARED,
) -> Workspace:
    slug = slugify(slug or name, fallback="").strip("-")
    if not slug:
        raise Invalid("Invalid slug")
    if Workspace.objects.filter(slug=slug).exists():
        raise Conflict("Workspace slug already exists")
    workspace = Workspace.objects.create(
        tenant_id=actor.tenant_id, slug=slug, name=name, brand=brand, isolation=isolation, created_at=now
    )
    _tell("workspace_created", workspace, actor, now, {"name": name, "slug": slug})
    return workspace


@transaction.atomic
def update_workspace(*, workspace: Workspace, actor: Actor, now: datetime, changes: dict[str, Any]) -> Workspace:
    """Set name, brand or isolation; the slug is part of addresses and stays."""
    workspace = find(Workspace.objects.select_for_update(no_key=True), workspace.pk, "Workspace not found")
    for field, value in changes.items():
        setattr(workspace, field, value)
    workspace.save(update_fields=[*changes, "updated_at"])
    _tell("workspace_updated", workspace, actor, now, changes)
    return workspace


@transaction.atomic
def delete_workspace(*, workspace: Workspace, actor: Actor, now: datetime) -> Workspace:
    """Move everything that belongs to the workspace to its tenant's default one, which is returned."""
    default = workspaces_of(workspace.tenant_id).filter(slug=DEFAULT_SLUG).first()
    default = default or Workspace.objects.filter(tenant_id=workspace.tenant_id).order_by("id").first()
    assert default is not None  # at least the workspace itself
    if workspace.slug == DEFAULT_SLUG or workspace.pk == default.pk:
        raise Invalid("Cannot delete the default workspace")
    # Held until the end: whoever wants to add something to either of them waits.
    held = Workspace.objects.select_for_update().filter(id__in=[workspace.pk, default.pk]).order_by("id")
    if len(held) < 2:
        raise NotFound("Workspace not found")
    renamed = move_everything(workspace_id=workspace.pk, to=default.pk, now=now)
    id, name = workspace.pk, workspace.name
    workspace.delete()
    workspace.pk = id
    detail = {"name": name, "moved_to": default.pk, "renamed_agents": renamed}
    _tell("workspace_deleted", workspace, actor, now, detail)
    access_changed(actor=actor, what="workspace", id=id)
    return default


def _tell(action: str, workspace: Workspace, actor: Actor, now: datetime, detail: dict[str, Any]) -> None:
    record_audit(action, actor=actor, at=now, target=("workspace", workspace.pk), detail=detail)
    data = {"id": workspace.pk, "name": workspace.name}
    record(fact(Kind.WORKSPACE_CHANGED, actor=actor, subject=ref("workspace", workspace.pk), data=data), at=now)
