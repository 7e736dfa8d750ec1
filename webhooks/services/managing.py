"""Add, change and remove webhooks."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from activity.catalogue import Kind
from activity.models import Event
from activity.services import fact, record
from core.actors import Actor
from core.ids import ref
from core.rows import change, find
from webhooks.addresses import check_resolved, check_url
from webhooks.models import Webhook
from webhooks.targets import told

# How long a replaced secret signs beside the new one.
OVERLAP = timedelta(hours=24)


def find_webhook(*, actor: Actor, id: int | None) -> Webhook:
    return find(Webhook.objects.in_workspace(actor.workspace_id), id, "Webhook not found")


@transaction.atomic
def create_webhook(
    *, actor: Actor, now: datetime, name: str, url: str, events: list[str], with_secret: bool
) -> Webhook:
    """The only time its secret is shown whole, unless another is made. Raises Invalid for an address inside."""
    check_url(url)
    webhook = Webhook.objects.create(
        workspace_id=actor.workspace_id,
        name=name,
        url=url,
        events=events,
        secret=_new_secret() if with_secret else None,
        created_by=actor.username,
        created_at=now,
        updated_at=now,
    )
    record(changed(webhook, actor, what="created"), at=now)
    return webhook


@transaction.atomic
def subscribe(*, actor: Actor, now: datetime, url: str, events: list[str], secret: str) -> Webhook:
    """A webhook of the v1 dialect, whose owner brings the secret. Raises Invalid for an address inside."""
    check_url(url)
    check_resolved(url)
    webhook = Webhook.objects.create(
        workspace_id=actor.workspace_id,
        dialect=Webhook.Dialect.V1,
        name=told(url)[:200],
        url=url,
        events=events,
        secret=secret,
        created_by=actor.username,
        created_at=now,
        updated_at=now,
    )
    record(changed(webhook, actor, what="created"), at=now)
    return webhook


@transaction.atomic
def update_webhook(
    *,
    webhook: Webhook,
    actor: Actor,
    now: datetime,
    changes: dict[str, Any],
    new_secret: bool = False,
    reset_circuit: bool = False,
) -> Webhook:
    """Set the given columns. Resetting the circuit forgets the failures and lets what waits go out again; a secret
    that is replaced goes on signing for a day beside the new one."""
    if "url" in changes:
        check_url(changes["url"])
        if webhook.dialect == Webhook.Dialect.V1:
            check_resolved(changes["url"])
    if new_secret:
        changes = {**changes, "secret": _new_secret()}
    if "secret" in changes:
        changes = {**changes, "previous_secret": webhook.secret, "previous_secret_until": now + OVERLAP}
    if reset_circuit:
        changes = {**changes, "consecutive_failures": 0, "enabled": True}
    if reset_circuit or "url" in changes:
        changes = {**changes, "strikes": 0, "paused_until": None}
    if changes:
        webhook = change(webhook, "Webhook not found", **changes, updated_at=now)
        record(changed(webhook, actor), at=now)
    return webhook


@transaction.atomic
def delete_webhook(*, webhook: Webhook, actor: Actor, now: datetime) -> None:
    event = changed(webhook, actor, what="deleted")
    webhook.delete()
    record(event, at=now)


def changed(webhook: Webhook, actor: Actor, *, what: str = "changed") -> Event:
    """Never tells the secret."""
    data = {"id": webhook.pk, "name": told(webhook.name), "what": what}
    return fact(Kind.WEBHOOK_CHANGED, actor=actor, subject=ref("webhook", webhook.pk), data=data)


def _new_secret() -> str:
    return secrets.token_hex(32)
