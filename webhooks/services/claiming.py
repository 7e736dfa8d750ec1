"""Take on what is due. A claim lapses, so that what a dead process took on is taken up again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Q

from webhooks import signing
from webhooks.models import Delivery, Webhook
from webhooks.posting import TIMEOUT, Request

# Longer than a request can take and its outcome can wait to be stored.
CLAIM = timedelta(seconds=3 * TIMEOUT)
# Of one webhook, so that a slow endpoint does not take the places of the others.
AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Claimed:
    """One delivery that this process shall make now."""

    id: int
    webhook_id: int
    request: Request


class Switch:
    """Whether failed deliveries are tried again by themselves. Who knows the settings sets it."""

    retries: Callable[[], bool] = staticmethod(lambda: True)


def claim(*, now: datetime, places: int, under_way: Mapping[int, int], only_retries: bool = False) -> list[Claimed]:
    """At most `places` due deliveries, a fair share of each webhook's. `under_way` counts what runs by webhook."""
    if not Webhook.objects.with_something_due(now).exists():
        return []  # without asking for the right to write, which is what this mostly comes to
    if only_retries:
        return _claim(now, places, under_way, Q(is_retry=True))
    return _claim(now, places, under_way, Q() if Switch.retries() else Q(is_retry=False))


@transaction.atomic
def _claim(now: datetime, places: int, under_way: Mapping[int, int], wanted: Q) -> list[Claimed]:
    taken: list[tuple[Delivery, Webhook]] = []
    for webhook in Webhook.objects.with_something_due(now):
        share = min(places - len(taken), AT_ONCE - under_way.get(webhook.pk, 0))
        if share > 0:
            taken += [(row, webhook) for row in _due(webhook, now, share, wanted)]
    if not taken:
        return []
    retried = [(row, webhook) for row, webhook in taken if row.is_retry]
    for row, webhook in retried:
        row.payload = signing.stamped_again(row.payload, at=now, dialect=webhook.dialect)
    new = [row for row, webhook in taken if webhook.dialect == Webhook.Dialect.V1 and not row.is_retry]
    for row in new:
        row.payload = signing.numbered(row.payload, f"delivery_{row.pk}")
    Delivery.objects.bulk_update([row for row, _ in retried] + new, ["payload"])
    Delivery.objects.filter(pk__in=[row.parent_delivery_id for row, _ in retried]).update(next_retry_at=None)
    Delivery.objects.filter(pk__in=[row.pk for row, _ in taken]).update(claimed_until=now + CLAIM)
    return [Claimed(row.pk, webhook.pk, request_of(webhook, row)) for row, webhook in taken]


def request_of(webhook: Webhook, row: Delivery) -> Request:
    """What is sent of it now, signed with the secret of now."""
    payload = row.payload
    if webhook.dialect == Webhook.Dialect.V1 and webhook.secret:
        payload = signing.sealed(payload, webhook.secret)
    return Request(webhook.url, row.event_type, webhook.secret, payload, webhook.dialect)


def _due(webhook: Webhook, now: datetime, share: int, wanted: Q) -> list[Delivery]:
    """Locked where several workers could want the same rows; SQLite has one writer at a time."""
    rows = Delivery.objects.due(now).filter(wanted, webhook=webhook).order_by("due_at", "id")
    if connection.features.has_select_for_update_skip_locked:
        rows = rows.select_for_update(skip_locked=True)
    return list(rows[:share])
