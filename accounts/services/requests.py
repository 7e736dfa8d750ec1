"""Strangers with a Google account ask for access; administrators let them in or not."""

from __future__ import annotations

import re
from datetime import datetime

from django.db import transaction
from django.db.models import F

from accounts.google import Identity
from accounts.models import DEFAULT_WORKSPACE, AccessRequest, User, Workspace
from activity.audit import Origin, record_audit
from core.actors import Actor, system
from core.errors import Conflict
from core.ids import free_name
from core.rows import find

from .access import access_changed
from .signin import note_sign_in

NOT_IN_NAMES = re.compile(r"[^a-z0-9._-]")
LONGEST_NAME = 28


@transaction.atomic
def come_in_with_google(*, identity: Identity, now: datetime, origin: Origin | None = None) -> User | None:
    """The approved person behind the identity; anybody else waits for approval, and None is returned."""
    user = User.objects.known_to_google(subject=identity.subject, email=identity.email)
    if user is None or not user.may_sign_in:
        _ask(identity, user, now, origin)
        return None
    if user.provider_user_id is None:
        user.provider_user_id = identity.subject
        user.save(update_fields=["provider_user_id", "updated_at"])
    note_sign_in(user=user, now=now, origin=origin, action="login_google")
    return user


def _ask(identity: Identity, user: User | None, now: datetime, origin: Origin | None) -> None:
    home = user.workspace_id if user else DEFAULT_WORKSPACE
    told = {
        "provider_user_id": identity.subject,
        "display_name": identity.name,
        "avatar_url": identity.picture,
        "last_attempt_at": now,
    }
    request, made = AccessRequest.objects.get_or_create(
        email=identity.email,
        provider="google",
        defaults={**told, "workspace_id": home, "requested_at": now},
    )
    if not made:
        AccessRequest.objects.filter(pk=request.pk).update(
            **told, status=AccessRequest.Status.PENDING, attempt_count=F("attempt_count") + 1
        )
    record_audit(
        "google_login_pending_approval",
        actor=system(request.workspace_id, identity.email),
        at=now,
        target=("access_request", request.pk),
        origin=origin,
    )


def find_request(workspace_id: int, id: int) -> AccessRequest:
    return find(AccessRequest.objects.filter(workspace_id=workspace_id), id, "Request not found")


@transaction.atomic
def approve_request(
    *,
    request: AccessRequest,
    actor: Actor,
    now: datetime,
    role: str = "viewer",
    note: str | None = None,
    origin: Origin | None = None,
) -> User:
    """Make the person, or let in the one who is there already, with this role."""
    user = _known(request)
    if user is None:
        user = User(username=_free_name(request.email), workspace=Workspace.objects.get(pk=request.workspace_id))
        user.display_name = request.display_name or user.username
        user.set_unusable_password()
    if not (actor.kind == "user" and actor.id == user.pk):  # nobody changes their own role
        user.role = role
    user.provider, user.provider_user_id = request.provider, request.provider_user_id
    user.email = request.email
    user.avatar_url = request.avatar_url or user.avatar_url
    user.is_approved, user.is_active = True, True
    user.approved_by, user.approved_at = actor.username[:150], now
    user.save()
    _review(request, AccessRequest.Status.APPROVED, actor, now, note, approved_user_id=user.pk)
    detail = {"email": request.email, "role": user.role, "user_id": user.pk, "note": note}
    target = ("access_request", request.pk)
    record_audit("access_request_approved", actor=actor, at=now, target=target, detail=detail, origin=origin)
    access_changed(actor=actor, what="user", id=user.pk)
    return user


@transaction.atomic
def reject_request(
    *, request: AccessRequest, actor: Actor, now: datetime, note: str | None = None, origin: Origin | None = None
) -> None:
    _review(request, AccessRequest.Status.REJECTED, actor, now, note)
    detail = {"email": request.email, "note": note}
    target = ("access_request", request.pk)
    record_audit("access_request_rejected", actor=actor, at=now, target=target, detail=detail, origin=origin)


def _review(
    request: AccessRequest,
    status: AccessRequest.Status,
    actor: Actor,
    now: datetime,
    note: str | None,
    **fields: int,
) -> None:
    changes = {"status": status, "reviewed_by": actor.username[:150], "reviewed_at": now, "review_note": note, **fields}
    for name, value in changes.items():
        setattr(request, name, value)
    request.save(update_fields=list(changes))


def _known(request: AccessRequest) -> User | None:
    """The person of this identity or, in the same workspace, of this address."""
    same = User.objects.filter(provider=request.provider, provider_user_id=request.provider_user_id)
    user = same.select_related("workspace").first() if request.provider_user_id else None
    if user is not None and user.workspace_id != request.workspace_id:
        raise Conflict("This Google account belongs to a person of another workspace")
    mine = User.objects.filter(workspace_id=request.workspace_id, email__iexact=request.email)
    return user or mine.select_related("workspace").order_by("id").first()


def _free_name(email: str) -> str:
    """The mailbox's name; `-2`, `-3`, … where it is taken."""
    stem = NOT_IN_NAMES.sub("", email.lower().partition("@")[0])[:LONGEST_NAME] or "user"
    taken = set(User.objects.filter(username__startswith=stem).values_list("username", flat=True))
    return free_name(stem, taken)
