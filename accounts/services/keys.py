"""Keys of programs and agents, and the one global key."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from accounts import credentials
from accounts.models import DEFAULT_WORKSPACE, KEY_PREFIX_LENGTH, ApiKey, GlobalKey, User, Workspace
from activity.audit import Origin, record_audit
from core.actors import Actor, Role
from core.errors import Denied, NotFound

from .access import access_changed

ROLE_SCOPES = ("admin", "operator", "viewer")
SCOPES = (*ROLE_SCOPES, "agent:self", "agent:diagnostics", "agent:attribution", "agent:heartbeat", "agent:messages")
USUAL_SCOPES = ("viewer", "agent:self")


def role_of(scopes: Sequence[str]) -> Role:
    """The strongest role among the scopes. Those of agents confer nothing beyond viewing."""
    return next((Role.named(word) for word in ROLE_SCOPES if word in scopes), Role.VIEWER)


@transaction.atomic
def issue_key(
    *,
    actor: Actor,
    name: str,
    role: Role,
    workspace: Workspace,
    agent: tuple[int, str] | None = None,
    expires_at: datetime | None = None,
    scopes: Sequence[str] = (),
) -> tuple[ApiKey, str]:
    """Make a key; returns its row and the key itself, which is nowhere else to be had."""
    secret = f"{'mca' if agent else 'mc'}_{secrets.token_hex(24)}"
    key = ApiKey.objects.create(
        name=name[:128],
        prefix=secret[:KEY_PREFIX_LENGTH],
        digest=credentials.digest(secret),
        role=role.word,
        scopes=list(scopes) or [role.word],
        workspace=workspace,
        agent_id=agent[0] if agent else None,
        agent_name=agent[1] if agent else "",
        expires_at=expires_at,
        created_by=actor.username[:150],
    )
    access_changed(actor=actor, what="key", id=key.id)
    return key, secret


@transaction.atomic
def issue_token(
    *,
    actor: Actor,
    role: Role,
    workspace: Workspace,
    expires_at: datetime,
    agent: tuple[int, str] | None = None,
    user: User | None = None,
) -> str:
    """A token of the v1 dialect for an agent or a person. Older ones stay valid."""
    word = "agt" if agent else "usr"
    secret = f"mc_{word}_{secrets.token_urlsafe(32)}"
    key = ApiKey.objects.create(
        name=f"Token of {agent[1] if agent else user}"[:128],
        prefix=secret[:KEY_PREFIX_LENGTH],
        digest=credentials.digest(secret),
        role=role.word,
        scopes=[role.word],
        workspace=workspace,
        agent_id=agent[0] if agent else None,
        agent_name=agent[1] if agent else "",
        user=user,
        expires_at=expires_at,
        created_by=actor.username[:150],
    )
    access_changed(actor=actor, what="key", id=key.id)
    return secret


def issue_agent_key(
    *,
    actor: Actor,
    agent: tuple[int, str],
    name: str,
    scopes: Sequence[str],
    expires_at: datetime | None,
) -> tuple[ApiKey, str]:
    """A key that speaks for one agent of the actor's workspace. Its role comes from its scopes."""
    workspace = Workspace.objects.get(id=actor.workspace_id)
    role = role_of(scopes)
    return issue_key(
        actor=actor, name=name, role=role, workspace=workspace, agent=agent, expires_at=expires_at, scopes=scopes
    )


@transaction.atomic
def revoke_key(*, key: ApiKey, actor: Actor, now: datetime) -> ApiKey:
    if ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now, updated_at=now):
        key.revoked_at = now
        access_changed(actor=actor, what="key", id=key.id)
    return key


@transaction.atomic
def revoke_agent_key(*, actor: Actor, agent_id: int, key_id: int, now: datetime) -> ApiKey:
    """Raises NotFound when the agent has no such key that still opens."""
    mine = ApiKey.objects.of_agent(actor.workspace_id, agent_id)
    key = mine.filter(id=key_id, revoked_at=None).first()
    if key is None:
        raise NotFound("Active key not found for this agent")
    return revoke_key(key=key, actor=actor, now=now)


@transaction.atomic
def revoke_keys_of_agent(*, agent_id: int, actor: Actor, now: datetime) -> None:
    if ApiKey.objects.filter(agent_id=agent_id, revoked_at=None).update(revoked_at=now, updated_at=now):
        access_changed(actor=actor, what="agent", id=agent_id)


def mask(key: str) -> str:
    """What may be shown of a key. Of one so short that this would be most of it, nothing."""
    return f"{key[:4]}-****-****-{key[-5:]}" if len(key) > 12 else "****-****-****"


def check_may_rotate(actor: Actor) -> None:
    """The global key opens the default workspace: administrators of another one have no business with it."""
    if actor.workspace_id != DEFAULT_WORKSPACE:
        raise Denied("The global API key belongs to the default workspace")


@transaction.atomic
def rotate_global_key(*, actor: Actor, now: datetime, origin: Origin | None = None) -> tuple[GlobalKey, str]:
    """Replace the global key; the old one, also the environment's, stops working at once, everywhere."""
    check_may_rotate(actor)
    secret = f"mc_{secrets.token_hex(24)}"
    row, _ = GlobalKey.objects.update_or_create(
        id=1,
        defaults={
            "digest": credentials.digest(secret),
            "mask": mask(secret),
            "rotated_at": now,
            "rotated_by": actor.username[:150],
        },
    )
    record_audit("api_key_rotated", actor=actor, at=now, detail={"masked_key": row.mask}, origin=origin)
    access_changed(actor=actor, what="key", id=0)
    return row, secret
