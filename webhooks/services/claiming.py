"""Take on what is due. A claim lapses, so that what a dead process took on is taken up again.

Each webhook has two lanes: first attempts, which go out in the order of the log, and further attempts and replays.
Rows are claimed from the front of a lane, so its first row tells whether somebody is at it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction

from webhooks import signing
from webhooks.models import Delivery, Webhook
from webhooks.posting import TIMEOUT, Request

from .breaker import STRIKES, is_half_open
from .fronts import BEHIND, CHAIN, Due, Lane, Row, due, fronts

__all__ = ["AT_ONCE", "BEHIND", "CHAIN", "Claimed", "Lane", "Switch", "claim", "release", "request_of"]

# Longer than a lane is at work with what it was given, and the last outcome waits to be stored.
CLAIM = timedelta(seconds=3 * TIMEOUT)
AT_ONCE = 8
# Lanes begun at once, so that the first need not wait for all the others.
LANES = 256
# What a request is made of.
OF_WEBHOOK = ("id", "dialect", "url", "secret", "previous_secret", "previous_secret_until", "strikes")


@dataclass(frozen=True, slots=True)
class Claimed:
    """One delivery that this process shall make now. `width`: how many of its lane may be under way together."""

    id: int
    webhook_id: int
    is_retry: bool
    width: int
    doubtful: bool
    request: Request


class Switch:
    """Whether failed deliveries are tried again by themselves. Who knows the settings sets it."""

    retries: Callable[[], bool] = staticmethod(lambda: True)


def claim(
    *,
    now: datetime,
    places: int,
    under_way: Collection[Lane] = (),
    doubtful_places: int | None = None,
    at_most: int | None = None,
    only_retries: bool = False,
) -> list[Claimed]:
    """What is due on at most `places` lanes that are not `under_way`, of which `doubtful_places` may be of endpoints
    that failed last; `at_most` deliveries, lane by lane in their order."""
    found = due(now)
    if not found:
        return []  # without asking for the right to write, which is what this mostly comes to
    kinds = [True] if only_retries else [False, True] if Switch.retries() else [False]
    doubtful = places if doubtful_places is None else doubtful_places
    chosen = _chosen(found, kinds, min(places, LANES), doubtful, under_way)
    return _claim(now, chosen, at_most) if chosen else []


def _chosen(
    found: Iterable[Due], kinds: Sequence[bool], places: int, doubtful: int, under_way: Collection[Lane]
) -> dict[int, list[bool]]:
    """Which lanes of which webhooks to begin: as many as there are places for."""
    chosen: dict[int, list[bool]] = {}
    for one in found:
        free = [kind for kind in kinds if one.front(kind) == 1 and (one.webhook_id, kind) not in under_way]
        if not free or (one.strikes and doubtful <= 0):
            continue
        if one.strikes >= STRIKES and not _is_alone(one, under_way):
            continue
        # To be tried out with one request, whichever lane that is of: both are looked at.
        chosen[one.webhook_id] = free if one.strikes >= STRIKES else free[:places]
        begun = 1 if one.strikes >= STRIKES else len(chosen[one.webhook_id])
        places -= begun
        doubtful -= begun if one.strikes else 0
        if places <= 0:
            break
    return chosen


def _is_alone(one: Due, under_way: Collection[Lane]) -> bool:
    return 0 not in (one.first, one.again) and not any((one.webhook_id, kind) in under_way for kind in (False, True))


@transaction.atomic
def _claim(now: datetime, chosen: dict[int, list[bool]], at_most: int | None) -> list[Claimed]:
    webhooks = _locked(list(chosen))
    waiting = {kind: fronts([id for id in webhooks if kind in chosen[id]], kind, now) for kind in (False, True)}
    taken = [
        (webhook, row)
        for webhook in webhooks.values()
        for rows in _lanes(webhook, [waiting[kind].get(webhook.pk, []) for kind in chosen[webhook.pk]])
        for row in rows
    ][:at_most]
    return _mark(taken, now)


def _locked(ids: Sequence[int]) -> dict[int, Webhook]:
    """In this order. Who claims from one, claims alone; what somebody else is at is passed over."""
    rows = Webhook.objects.filter(pk__in=ids, enabled=True).only(*OF_WEBHOOK)
    if connection.features.has_select_for_update_skip_locked:
        rows = rows.select_for_update(skip_locked=True, no_key=True)
    found = {row.pk: row for row in rows}
    return {id: found[id] for id in ids if id in found}


def _lanes(webhook: Webhook, lanes: Sequence[list[Row]]) -> Iterable[list[Row]]:
    """What may be begun for one webhook: the front of each free lane, or the one request that tries it out."""
    if not is_half_open(webhook):
        yield from (rows for rows in lanes if rows and not rows[0].is_claimed)
        return
    waiting = [row for rows in lanes for row in rows]
    if waiting and not any(row.is_claimed for row in waiting):
        # The furthest, so that what is hopeless comes to its end.
        yield [max(waiting, key=lambda row: (row.attempt, -row.pk))]


def _mark(taken: Sequence[tuple[Webhook, Row]], now: datetime) -> list[Claimed]:
    stamped = [_stamped(webhook, row, now) for webhook, row in taken]
    again = [Delivery(pk=row.pk, payload=row.payload) for row in stamped if row.is_retry]
    if again:
        Delivery.objects.bulk_update(again, ["payload"])
        parents = [row.parent_delivery_id for row in stamped if row.parent_delivery_id is not None]
        Delivery.objects.filter(pk__in=parents).update(next_retry_at=None)
    if stamped:
        Delivery.objects.filter(pk__in=[row.pk for row in stamped]).update(claimed_until=now + CLAIM)
    return [_claimed(webhook, row, now) for (webhook, _), row in zip(taken, stamped, strict=True)]


def _stamped(webhook: Webhook, row: Row, now: datetime) -> Row:
    if not row.is_retry:
        return row
    return row._replace(payload=signing.stamped_again(row.payload, at=now, dialect=webhook.dialect))


def _claimed(webhook: Webhook, row: Row, now: datetime) -> Claimed:
    width = AT_ONCE if row.is_behind and not webhook.strikes else 1
    return Claimed(
        row.pk, webhook.pk, bool(row.is_retry), width, bool(webhook.strikes), request_of(webhook, row, now=now)
    )


def request_of(webhook: Webhook, row: Row | Delivery, *, now: datetime) -> Request:
    """What is sent of it now, signed with the secret of now, and with the one before while that is still good."""
    id, payload = row.message_id or f"delivery_{row.pk}", row.payload
    if webhook.dialect == Webhook.Dialect.V1 and webhook.secret:
        payload = signing.sealed(payload, webhook.secret, id)
    until = webhook.previous_secret_until
    still_good = webhook.previous_secret and until is not None and until > now
    older = (webhook.previous_secret,) if still_good and webhook.previous_secret else ()
    return Request(
        webhook.url,
        row.event_type,
        webhook.secret,
        payload,
        webhook.dialect,
        id,
        older,
        webhook_id=webhook.pk,
        delivery_id=row.pk,
        event_id=row.event_id,
        attempt=row.attempt,
        request_id=row.request_id,
        traceparent=row.traceparent,
    )


def release(rows: Iterable[int]) -> None:
    """Give back what was claimed and not begun."""
    Delivery.objects.filter(pk__in=list(rows), is_done=False).update(claimed_until=None)
