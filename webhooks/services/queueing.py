"""What happened becomes rows that wait: one per webhook that wants to hear of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from core.rows import insert
from webhooks import signing
from webhooks.models import Delivery, Webhook
from webhooks.waking import wake


@dataclass(frozen=True, slots=True)
class Happening:
    """One event of a workspace under the names webhooks know. `data` is made only if somebody wants it."""

    workspace_id: int
    names: tuple[str, ...]
    data: Callable[[], dict[str, Any]]
    at: datetime
    dialect: str = Webhook.Dialect.LEGACY


def somebody_listens(dialect: str = Webhook.Dialect.LEGACY) -> bool:
    return Webhook.objects.filter(enabled=True, dialect=dialect).exists()


@transaction.atomic
def queue(happenings: Iterable[Happening]) -> int:
    """Store what waits to be sent, in the transaction of the caller; returns how much that is."""
    happened = list(happenings)
    listening: dict[int, list[Webhook]] = {}
    for webhook in Webhook.objects.filter(workspace_id__in={one.workspace_id for one in happened}, enabled=True):
        listening.setdefault(webhook.workspace_id, []).append(webhook)
    rows = [row for one in happened for row in _rows(one, listening.get(one.workspace_id, []))]
    if rows:
        insert(rows)
        transaction.on_commit(wake.set)
    return len(rows)


def _rows(one: Happening, webhooks: list[Webhook]) -> Iterable[Delivery]:
    for name in one.names:
        payload = ""
        for webhook in webhooks:
            if webhook.dialect == one.dialect and webhook.created_at <= one.at and webhook.wants(name):
                payload = payload or signing.payload_of(name, one.data(), at=one.at, dialect=one.dialect)
                yield waiting(webhook, name, payload, due_at=one.at, now=one.at)


def waiting(webhook: Webhook, event: str, payload: str, *, due_at: datetime, now: datetime, **fields: Any) -> Delivery:
    return Delivery(
        webhook_id=webhook.pk,
        workspace_id=webhook.workspace_id,
        event_type=event,
        payload=payload,
        due_at=due_at,
        created_at=now,
        **fields,
    )
