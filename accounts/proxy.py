"""People whom a trusted proxy in front has signed in already."""

from __future__ import annotations

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from activity.audit import record_audit, record_security_event
from core.actors import Actor, system

from .models import DEFAULT_WORKSPACE, RoleWord, User, Workspace

LONGEST_NAME = 150


def person_of(name: str, *addresses: str) -> str:
    """The person that the proxy names, when one of the addresses the request came from is the proxy's."""
    name = name.strip()
    return name if name and not settings.PROXY_AUTH_IPS.isdisjoint(addresses) else ""


def actor_of(name: str) -> Actor | None:
    """The local person of that name. A new one is let in, when the settings name a role for them."""
    user = User.objects.filter(username=name).select_related("workspace").first()
    if user is None and settings.PROXY_AUTH_ROLE in RoleWord.values and len(name) <= LONGEST_NAME:
        user = _enrol(name)
    return user.as_actor() if user and user.may_sign_in else None


def _enrol(name: str) -> User | None:
    now = timezone.now()
    workspace = Workspace.objects.select_related("tenant").filter(id=DEFAULT_WORKSPACE).first()
    if workspace is None:
        return None
    user = User(username=name, display_name=name, role=settings.PROXY_AUTH_ROLE, provider="proxy", workspace=workspace)
    user.approved_by, user.approved_at = "proxy", now
    user.set_unusable_password()
    try:
        with transaction.atomic():
            user.save()
            detail = {"username": name, "role": user.role, "provider": "proxy"}
            actor = system(workspace.id, "proxy")
            record_audit("user_create", actor=actor, at=now, target=("user", user.id), detail=detail)
    except IntegrityError:  # another request of theirs was faster
        return User.objects.filter(username=name).select_related("workspace").first()
    return user


@transaction.atomic
def tell_when_misconfigured() -> None:
    """At the start: a header that nobody may send signs nobody in."""
    if settings.PROXY_AUTH_HEADER and not settings.PROXY_AUTH_IPS:
        record_security_event(
            "proxy_auth_misconfigured",
            actor=system(DEFAULT_WORKSPACE),
            at=timezone.now(),
            severity="warning",
            source="proxy",
            detail={"reason": "MC_PROXY_AUTH_HEADER is set, but MC_PROXY_AUTH_TRUSTED_IPS is empty"},
        )
