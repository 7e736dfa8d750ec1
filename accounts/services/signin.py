"""Coming in and going out, as the audit log tells it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts.models import DEFAULT_WORKSPACE, Session, User
from activity.audit import Origin, record_audit, record_security_event
from core.actors import Actor, system

# A job takes the rest.
AT_ONCE = 100


@transaction.atomic
def note_sign_in(*, user: User, now: datetime, origin: Origin | None = None, action: str = "login") -> None:
    """Tell the audit log, and forget some of the sessions that have ended."""
    ended = Session.objects.filter(expire_date__lt=now).values_list("pk", flat=True)[:AT_ONCE]
    Session.objects.filter(pk__in=list(ended)).delete()
    record_audit(action, actor=user.as_actor(), at=now, target=("user", user.id), origin=origin)


@transaction.atomic
def note_sign_out(*, actor: Actor, now: datetime, origin: Origin | None = None) -> None:
    record_audit("logout", actor=actor, at=now, origin=origin)


@transaction.atomic
def note_failed_sign_in(*, username: str, now: datetime, origin: Origin | None = None) -> None:
    """Tell both logs, in the workspace of that person when there is one. Only the security log learns the reason."""
    user = User.objects.filter(username=username[:150]).select_related("workspace").first()
    actor = system(user.workspace_id if user else DEFAULT_WORKSPACE, username[:150])
    target = ("user", user.id) if user else None
    record_audit("login_failed", actor=actor, at=now, target=target, origin=origin)
    record_security_event(
        "auth_failure",
        actor=actor,
        at=now,
        severity="warning",
        source="auth",
        detail={"username": username[:150], "reason": _reason(user)},
        ip=origin.ip if origin else None,
    )


def _reason(user: User | None) -> str:
    if user is None:
        return "user_not_found"
    if user.provider != "local":
        return "wrong_provider"
    return "invalid_password" if user.may_sign_in else "not_approved"
