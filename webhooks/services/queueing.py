"""What happened becomes rows that wait: one per webhook that wants to hear of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from core.rows import fresh, insert
from webhooks import signing
from webhooks.models import Delivery, Webhook
from webhooks.waking import wake


@dataclass(frozen=True, slots=True)
class Happening:
    """One event of the log under the names webhooks know. `data` is made only if somebody wants it."""

    event_id: int
    workspace_id: int
    names: tuple[str, ...]
    data: Callable[[], dict[str, Any]]
    at: datetime
    dialect: str = Webhook.Dialect.LEGACY
    request_id: str | None = None
    traceparent: str | None = None
    _payloads: dict[str, str] = field(default_factory=dict)

    def payload(self, name: str, id: str) -> str:
        """Made once for all who want it."""
        if name not in self._payloads:
            self._payloads[name] = signing.payload_of(name, self.data(), at=self.at, id=id, dialect=self.dialect)
        return self._payloads[name]


def somebody_listens(dialect: str = Webhook.Dialect.LEGACY) -> bool:
    return Webhook.objects.filter(enabled=True, dialect=dialect).exists()


@transaction.atomic
def queue(happenings: Iterable[Happening]) -> int:
    """Store what waits to be sent, in the transaction of the caller; returns how much that is."""
    happened = list(happenings)
    if not happened:
        return 0
    places, dialects = {one.workspace_id for one in happened}, {one.dialect for one in happened}
    listening: dict[tuple[int, str], list[Webhook]] = {}
    webhooks = Webhook.objects.filter(workspace_id__in=places, dialect__in=dialects, enabled=True)
    for webhook in webhooks.only("workspace_id", "dialect", "events", "created_at"):
        listening.setdefault((webhook.workspace_id, webhook.dialect), []).append(webhook)
    rows = [row for one in happened for row in _rows(one, listening.get((one.workspace_id, one.dialect), []))]
    if rows:
        insert(rows)
        transaction.on_commit(wake.set)
    return len(rows)


def _rows(one: Happening, webhooks: list[Webhook]) -> Iterable[Delivery]:
    for webhook in webhooks:
        if webhook.created_at <= one.at:
            yield from rows_for(webhook, one, due_at=one.at)


def rows_for(webhook: Webhook, one: Happening, *, due_at: datetime, **fields: Any) -> Iterable[Delivery]:
    """One per name that it wants to hear, with ids that are the same whenever and to whomever it is told."""
    for n, name in enumerate(one.names):
        if webhook.wants(name):
            id = f"delivery_{one.event_id}" + (f"_{n + 1}" if n else "")
            yield waiting(
                webhook,
                name,
                one.payload(name, id),
                due_at=due_at,
                now=due_at,
                event_id=one.event_id,
                request_id=one.request_id,
                traceparent=one.traceparent,
                message_id=id,
                **fields,
            )


def waiting(webhook: Webhook, event: str, payload: str, *, due_at: datetime, now: datetime, **fields: Any) -> Delivery:
    return fresh(
        Delivery,
        webhook_id=webhook.pk,
        workspace_id=webhook.workspace_id,
        event_type=event,
        payload=payload,
        due_at=due_at,
        created_at=now,
        **fields,
    )
