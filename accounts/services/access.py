"""The default workspace, and the word to every process that somebody's access has changed."""

from __future__ import annotations

from django.core.management.color import no_style
from django.db import connection, transaction

from accounts import credentials
from accounts.models import DEFAULT_WORKSPACE, Tenant, Workspace
from activity.catalogue import Kind
from activity.services import fact, record
from core.actors import Actor
from core.ids import ref


@transaction.atomic
def open_default_workspace() -> Workspace:
    tenant, _ = Tenant.objects.get_or_create(id=1, defaults={"slug": "local", "display_name": "Local Owner"})
    workspace, made = Workspace.objects.get_or_create(
        id=DEFAULT_WORKSPACE, defaults={"tenant": tenant, "slug": "default", "name": "Default"}
    )
    if made:
        # PostgreSQL does not notice ids that were given by hand, and would give them once more.
        with connection.cursor() as cursor:
            for statement in connection.ops.sequence_reset_sql(no_style(), [Tenant, Workspace]):
                cursor.execute(statement)
    return workspace


@transaction.atomic
def access_changed(*, actor: Actor, what: str, id: int) -> None:
    """Tell every process to look again at who may come in."""
    record(fact(Kind.ACCESS_CHANGED, actor=actor, subject=ref(what, id), data={"what": what, "id": id}))
    transaction.on_commit(credentials.forget)
