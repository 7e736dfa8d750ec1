"""Every write about people and keys. Each change of access is recorded, which makes every process forget."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from django.core.management.color import no_style
from django.db import connection, transaction

from activity.catalogue import Kind
from activity.models import Event
from activity.services import fact, record
from core.actors import Actor, Role, system
from core.errors import Denied, Invalid
from core.ids import ref

from . import credentials
from .models import KEY_PREFIX_LENGTH, ApiKey, Session, Tenant, User, Workspace

PASSWORD_LENGTH = 12
DEFAULT_WORKSPACE = 1


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
def create_first_admin(*, username: str, password: str) -> User:
    return User.objects.create_superuser(username, password, workspace=open_default_workspace())


@transaction.atomic
def issue_key(
    *,
    actor: Actor,
    name: str,
    role: Role,
    workspace: Workspace,
    agent: tuple[int, str] | None = None,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """Make a key; returns its row and the key itself, which is nowhere else to be had."""
    secret = f"{'mca' if agent else 'mc'}_{secrets.token_hex(24)}"
    key = ApiKey.objects.create(
        name=name[:128],
        prefix=secret[:KEY_PREFIX_LENGTH],
        digest=credentials.digest(secret),
        role=role.word,
        workspace=workspace,
        agent_id=agent[0] if agent else None,
        agent_name=agent[1] if agent else "",
        expires_at=expires_at,
        created_by=actor.username,
    )
    _access_changed(actor, "key", key.id)
    return key, secret


@transaction.atomic
def revoke_key(*, key: ApiKey, actor: Actor, now: datetime) -> ApiKey:
    if ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now, updated_at=now):
        key.revoked_at = now
        _access_changed(actor, "key", key.id)
    return key


@transaction.atomic
def revoke_keys_of_agent(*, agent_id: int, actor: Actor, now: datetime) -> None:
    if ApiKey.objects.filter(agent_id=agent_id, revoked_at=None).update(revoked_at=now, updated_at=now):
        _access_changed(actor, "agent", agent_id)


@transaction.atomic
def change_profile(*, user: User, changes: dict[str, Any], now: datetime) -> User:
    """Apply `display_name` and `password`. A new password ends every session of the user."""
    fields = []
    if "display_name" in changes:
        if not changes["display_name"].strip():
            raise Invalid("Display name cannot be empty")
        user.display_name = changes["display_name"]
        fields.append("display_name")
    if "password" in changes:
        if len(changes["password"]) < PASSWORD_LENGTH:
            raise Invalid(f"New password must be at least {PASSWORD_LENGTH} characters")
        user.set_password(changes["password"])
        fields.append("password")
    user.save(update_fields=[*fields, "updated_at"])
    if "password" in changes:
        Session.objects.filter(user=user).delete()
        record(_audited("password_change", by=user.username, user_id=user.id, home=user.workspace_id, now=now), at=now)
    _access_changed(user.as_actor(), "user", user.id)
    return user


@transaction.atomic
def note_failed_sign_in(*, username: str, now: datetime) -> None:
    """Tell the log, in the workspace of that person when there is one."""
    user = User.objects.filter(username=username).first()
    home = user.workspace_id if user else DEFAULT_WORKSPACE
    record(_audited("login_failed", by=username[:150], user_id=user.id if user else 0, home=home, now=now), at=now)


def _audited(action: str, *, by: str, user_id: int, home: int, now: datetime) -> Event:
    return fact(
        Kind.AUDIT_SECURITY,
        actor=system(home),
        subject=ref("user", user_id),
        data={
            "action": action,
            "actor": by,
            "target_type": "user",
            "target_id": user_id or None,
            "timestamp": int(now.timestamp()),
        },
    )


def check_password(*, user: User, password: str) -> None:
    if not user.check_password(password):
        raise Denied("Current password is incorrect")


@transaction.atomic
def access_changed(*, actor: Actor, what: str, id: int) -> None:
    """Tell every process to look again at who may come in."""
    _access_changed(actor, what, id)


def _access_changed(actor: Actor, what: str, id: int) -> None:
    record(fact(Kind.ACCESS_CHANGED, actor=actor, subject=ref(what, id), data={"what": what, "id": id}))
    transaction.on_commit(credentials.forget)
