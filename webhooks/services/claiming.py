"""Take on what is due. A claim lapses, so that what a dead process took on is taken up again.

Each webhook has two lanes: first attempts, which go out in the order of the log, and further attempts and replays.
Rows are claimed from the front of a lane, so its first row tells whether somebody is at it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F

from core.rows import adapted
from core.rows import places as marks
from webhooks import signing
from webhooks.models import Delivery, Webhook
from webhooks.posting import TIMEOUT, Request

from .breaker import is_half_open

# Longer than a lane is at work with what it was given, and the last outcome waits to be stored.
CLAIM = timedelta(seconds=3 * TIMEOUT)
# Rows that a lane is given at once.
CHAIN = 32
# Who falls so far behind gets several requests at once, at the price of the order.
BEHIND = timedelta(minutes=2)
AT_ONCE = 8
# Lanes begun at once, so that the first need not wait for all the others.
LANES = 128

Lane = tuple[int, bool]


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
    if not Webhook.objects.with_something_due(now).exists():
        return []  # without asking for the right to write, which is what this mostly comes to
    kinds = [True] if only_retries else [False, True] if Switch.retries() else [False]
    doubtful = places if doubtful_places is None else doubtful_places
    return _claim(now, kinds, min(places, LANES), doubtful, under_way, at_most)


@transaction.atomic
def _claim(
    now: datetime, kinds: list[bool], places: int, doubtful: int, under_way: Collection[Lane], at_most: int | None
) -> list[Claimed]:
    waiting, chosen = _callable(now, under_way), list[tuple[Webhook, list[Delivery]]]()
    while waiting and len(chosen) < places:
        # As many as there are places: of a thousand that wait, the rest need not be looked at yet.
        some, waiting = waiting[:places], waiting[places:]
        webhooks = _locked(some)
        fronts = {kind: _fronts(webhooks, kind, now, under_way) for kind in kinds}
        for webhook in webhooks.values():
            if webhook.strikes and doubtful <= 0:
                continue
            for rows in _lanes(webhook, [fronts[kind].get(webhook.pk, []) for kind in kinds], now, under_way):
                chosen.append((webhook, rows))
                doubtful -= bool(webhook.strikes)
    taken = [(webhook, row) for webhook, rows in chosen[:places] for row in rows][:at_most]
    _mark(taken, now)
    return [_claimed(webhook, row, now) for webhook, row in taken]


def _callable(now: datetime, under_way: Collection[Lane]) -> list[int]:
    """Those with something due, the sound ones first."""
    rows = Webhook.objects.with_something_due(now).order_by("strikes", F("last_fired_at").asc(nulls_first=True), "id")
    both = {id for id, is_retry in under_way if is_retry and (id, False) in under_way}
    return [id for id in rows.values_list("pk", flat=True) if id not in both]


def _locked(ids: Sequence[int]) -> dict[int, Webhook]:
    """In this order. Who claims from one, claims alone; what somebody else is at is passed over."""
    rows = Webhook.objects.filter(pk__in=ids, enabled=True)
    if connection.features.has_select_for_update_skip_locked:
        rows = rows.select_for_update(skip_locked=True, no_key=True)
    found = {row.pk: row for row in rows}
    return {id: found[id] for id in ids if id in found}


def _lanes(
    webhook: Webhook, fronts: Sequence[list[Delivery]], now: datetime, under_way: Collection[Lane]
) -> Iterable[list[Delivery]]:
    """What may be begun for one webhook: the front of each free lane, or the one request that tries it out."""
    if not is_half_open(webhook):
        yield from (rows for rows in fronts if rows and not _is_claimed(rows[0], now))
        return
    waiting = [row for rows in fronts for row in rows]
    alone = not any((webhook.pk, kind) in under_way for kind in (False, True))
    if waiting and alone and not any(_is_claimed(row, now) for row in waiting):
        # The furthest, so that what is hopeless comes to its end.
        yield [max(waiting, key=lambda row: (row.attempt, -row.pk))]


def _is_claimed(row: Delivery, now: datetime) -> bool:
    return row.claimed_until is not None and row.claimed_until > now


def _fronts(
    webhooks: Iterable[int], is_retry: bool, now: datetime, under_way: Collection[Lane]
) -> dict[int, list[Delivery]]:
    """The first rows of these lanes. By hand, since no query of the ORM limits the rows of each webhook."""
    wanted = [id for id in webhooks if (id, is_retry) not in under_way]
    if not wanted:
        return {}
    table, hooks = Delivery._meta.db_table, Webhook._meta.db_table
    due, order = ("x.is_retry AND x.due_at <= %s", "x.due_at, x.id") if is_retry else ("NOT x.is_retry", "x.id")
    moment = [adapted(now)] if is_retry else []
    front = f"FROM {table} x WHERE x.webhook_id = w.id AND NOT x.is_done AND {due} ORDER BY {order} LIMIT {CHAIN}"
    if connection.vendor == "postgresql":
        joined = f"CROSS JOIN LATERAL (SELECT x.* {front}) d"
    else:
        joined = f"JOIN {table} d ON d.id IN (SELECT x.id {front})"
    order = order.replace("x.", "d.")
    text = f"SELECT d.* FROM {hooks} w {joined} WHERE w.id IN ({marks(wanted)}) ORDER BY w.id, {order}"
    found: dict[int, list[Delivery]] = {}
    for row in Delivery.objects.raw(text, [*moment, *wanted]):
        found.setdefault(row.webhook_id, []).append(row)
    return found


def _mark(taken: Sequence[tuple[Webhook, Delivery]], now: datetime) -> None:
    again = [(webhook, row) for webhook, row in taken if row.is_retry]
    for webhook, row in again:
        row.payload = signing.stamped_again(row.payload, at=now, dialect=webhook.dialect)
    if again:
        Delivery.objects.bulk_update([row for _, row in again], ["payload"])
        Delivery.objects.filter(pk__in=[row.parent_delivery_id for _, row in again]).update(next_retry_at=None)
    if taken:
        Delivery.objects.filter(pk__in=[row.pk for _, row in taken]).update(claimed_until=now + CLAIM)


def _claimed(webhook: Webhook, row: Delivery, now: datetime) -> Claimed:
    behind = not webhook.strikes and row.due_at is not None and row.due_at < now - BEHIND
    width = AT_ONCE if behind else 1
    request = request_of(webhook, row, now=now)
    return Claimed(row.pk, webhook.pk, row.is_retry, width, bool(webhook.strikes), request)


def request_of(webhook: Webhook, row: Delivery, *, now: datetime) -> Request:
    """What is sent of it now, signed with the secret of now, and with the one before while that is still good."""
    id, payload = row.message_id or f"delivery_{row.pk}", row.payload
    if webhook.dialect == Webhook.Dialect.V1 and webhook.secret:
        payload = signing.sealed(payload, webhook.secret, id)
    until = webhook.previous_secret_until
    still_good = webhook.previous_secret and until is not None and until > now
    older = (webhook.previous_secret,) if still_good and webhook.previous_secret else ()
    return Request(webhook.url, row.event_type, webhook.secret, payload, webhook.dialect, id, older)


def release(rows: Iterable[int]) -> None:
    """Give back what was claimed and not begun."""
    Delivery.objects.filter(pk__in=list(rows), is_done=False).update(claimed_until=None)
