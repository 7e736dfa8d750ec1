"""Everything that changes a person."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from accounts.models import Session, User, Workspace
from activity.audit import Origin, record_audit
from core.actors import Actor
from core.errors import Conflict, Denied, Invalid, Unauthenticated
from core.rows import find

from .access import access_changed, open_default_workspace

PASSWORD_LENGTH = 12
SETUP_IS_OVER = "Setup has already been completed"


@transaction.atomic
def create_first_admin(*, username: str, password: str) -> User:
    return User.objects.create_superuser(username, password, workspace=open_default_workspace())


@transaction.atomic
def set_up(*, username: str, password: str, display_name: str, now: datetime, origin: Origin | None = None) -> User:
    """Make the first administrator, once. Two who try at the same moment wait for each other."""
    home = Workspace.objects.select_for_update().get(pk=open_default_workspace().pk)
    if User.objects.exists():
        raise Denied(SETUP_IS_OVER)
    user = User(username=username, display_name=display_name or username.capitalize(), role="admin", workspace=home)
    user.set_password(password)
    user.save()
    record_audit("setup_admin_created", actor=user.as_actor(), at=now, target=("user", user.id), origin=origin)
    access_changed(actor=user.as_actor(), what="user", id=user.id)
    return user


@transaction.atomic
def create_user(
    *,
    actor: Actor,
    now: datetime,
    username: str,
    password: str,
    display_name: str = "",
    role: str = "operator",
    provider: str = "local",
    email: str | None = None,
    origin: Origin | None = None,
) -> User:
    """Add a person to the actor's workspace."""
    _check_length(password)
    user = User(
        username=username,
        display_name=display_name or username,
        role=role,
        provider=provider,
        email=email or None,
        workspace=Workspace.objects.get(id=actor.workspace_id),
        approved_by=actor.username[:150],
        approved_at=now,
    )
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError:
        raise Conflict("Username already exists") from None
    detail = {"username": username, "role": role, "provider": provider}
    record_audit("user_create", actor=actor, at=now, target=("user", user.id), detail=detail, origin=origin)
    access_changed(actor=actor, what="user", id=user.id)
    return user


def find_user(workspace_id: int, id: int) -> User:
    return find(User.objects.filter(workspace_id=workspace_id).select_related("workspace"), id, "User not found")


def find_self(actor: Actor) -> User:
    """The person who asks. Raises Unauthenticated when that one was removed a moment ago."""
    user = User.objects.filter(id=actor.id).select_related("workspace").first()
    if user is None:
        raise Unauthenticated("Authentication required")
    return user


@transaction.atomic
def update_user(
    *, user: User, actor: Actor, now: datetime, changes: dict[str, Any], origin: Origin | None = None
) -> User:
    """Apply any of display_name, role, password, is_approved, email, avatar_url. A new password, or a withdrawn
    approval, ends every session of the person."""
    if _is_self(actor, user) and changes.get("role", user.role) != user.role:
        raise Invalid("Cannot change your own role")
    user = _lock(user)
    fields = [name for name in changes if name != "password"]
    for name in fields:
        setattr(user, name, changes[name])
    if changes.get("is_approved"):
        user.approved_by, user.approved_at = actor.username[:150], now
        fields += ["approved_by", "approved_at"]
    if "password" in changes:
        _check_length(changes["password"])
        user.set_password(changes["password"])
        fields.append("password")
    user.save(update_fields=[*fields, "updated_at"])
    if "password" in changes or not user.may_sign_in:
        Session.objects.filter(user=user).delete()
    detail = {
        "display_name": changes.get("display_name"),
        "role": changes.get("role"),
        "password_changed": "password" in changes,
        "is_approved": changes.get("is_approved"),
    }
    record_audit("user_update", actor=actor, at=now, target=("user", user.id), detail=detail, origin=origin)
    access_changed(actor=actor, what="user", id=user.id)
    return user


@transaction.atomic
def delete_user(*, actor: Actor, id: int, now: datetime, origin: Origin | None = None) -> None:
    """Remove a person of the actor's workspace, with their sessions."""
    if actor.kind == "user" and actor.id == id:
        raise Invalid("Cannot delete your own account")
    user = find_user(actor.workspace_id, id)
    user.delete()
    detail = {"username": user.username}
    record_audit("user_delete", actor=actor, at=now, target=("user", id), detail=detail, origin=origin)
    access_changed(actor=actor, what="user", id=id)


@transaction.atomic
def change_profile(*, user: User, changes: dict[str, Any], now: datetime, origin: Origin | None = None) -> User:
    """One's own `display_name` and `password`. A new password ends every session of the person."""
    user = _lock(user)
    fields, actions = [], []
    if "password" in changes:
        _check_length(changes["password"], "New password")
        user.set_password(changes["password"])
        fields.append("password")
        actions.append("password_change")
    if "display_name" in changes:
        if not changes["display_name"].strip():
            raise Invalid("Display name cannot be empty")
        user.display_name = changes["display_name"]
        fields.append("display_name")
        actions.append("profile_update")
    user.save(update_fields=[*fields, "updated_at"])
    if "password" in changes:
        Session.objects.filter(user=user).delete()
    for action in actions:
        record_audit(action, actor=user.as_actor(), at=now, target=("user", user.id), origin=origin)
    access_changed(actor=user.as_actor(), what="user", id=user.id)
    return user


@transaction.atomic
def disconnect_google(*, user: User, now: datetime, origin: Origin | None = None) -> User:
    """From now on the person signs in with their password alone."""
    user = _lock(user)
    if user.provider != "google":
        raise Invalid("This account does not sign in with Google")
    if not user.has_usable_password():
        raise Invalid("Set a password before disconnecting Google")
    user.provider, user.provider_user_id = "local", None
    user.save(update_fields=["provider", "provider_user_id", "updated_at"])
    record_audit("google_disconnect", actor=user.as_actor(), at=now, target=("user", user.id), origin=origin)
    access_changed(actor=user.as_actor(), what="user", id=user.id)
    return user


def _lock(user: User) -> User:
    """The person as it is now, for this transaction alone."""
    rows = User.objects.select_for_update(of=("self",), no_key=True).select_related("workspace")
    return find(rows, user.pk, "User not found")


def check_password(*, user: User, password: str) -> None:
    """Raises Denied when it is not the person's."""
    if not user.check_password(password):
        raise Denied("Current password is incorrect")


def _check_length(password: str, name: str = "Password") -> None:
    if len(password) < PASSWORD_LENGTH:
        raise Invalid(f"{name} must be at least {PASSWORD_LENGTH} characters")


def _is_self(actor: Actor, user: User) -> bool:
    return actor.kind == "user" and actor.id == user.id
