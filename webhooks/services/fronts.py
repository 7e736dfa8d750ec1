"""Which lanes have something to send, and what stands at their front. By hand: one statement for all webhooks, where
queries of the ORM would need one for each, or take longer to be built than to be run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import connection

from core.rows import adapted, ask
from core.rows import places as marks
from webhooks.models import Delivery, Webhook

# Rows that a lane is given at once.
CHAIN = 32
# Who falls so far behind gets several requests at once, at the price of the order.
BEHIND = timedelta(minutes=2)
TABLE, WEBHOOKS = Delivery._meta.db_table, Webhook._meta.db_table
Lane = tuple[int, bool]


class Due(NamedTuple):
    """A webhook with something due. Of each lane: whether its front is free; None where nothing is due."""

    webhook_id: int
    strikes: int
    first: int | None
    again: int | None

    def front(self, is_retry: bool) -> int | None:
        return self.again if is_retry else self.first


class Row(NamedTuple):
    """What is read of a delivery that waits."""

    pk: int
    webhook_id: int
    is_retry: bool
    attempt: int
    event_id: int | None
    message_id: str
    event_type: str
    payload: str
    request_id: str | None
    traceparent: str | None
    parent_delivery_id: int | None
    is_claimed: bool
    is_behind: bool


COLUMNS = ", ".join(f"d.{name}" for name in ("id", *Row._fields[1:11]))


def due(now: datetime) -> list[Due]:
    """Those that may be called now, the sound ones first. Two looks into the queues of each, however long they are."""
    moment = adapted(now)
    text = (
        "SELECT id, strikes, first, again FROM ("
        f"SELECT w.id, w.strikes, w.last_fired_at, {_is_free('NOT x.is_retry', 'x.id')} AS first,"
        f" {_is_free('x.is_retry AND x.due_at <= %s', 'x.due_at, x.id')} AS again"
        f" FROM {WEBHOOKS} w WHERE w.enabled AND (w.paused_until IS NULL OR w.paused_until <= %s)) f"
        " WHERE first = 1 OR again = 1 ORDER BY strikes, last_fired_at NULLS FIRST, id"
    )
    return [Due(*row) for row in ask(text, [moment] * 4)]


def _is_free(condition: str, order: str) -> str:
    return (
        f"(SELECT CASE WHEN x.claimed_until > %s THEN 0 ELSE 1 END FROM {TABLE} x"
        f" WHERE x.webhook_id = w.id AND NOT x.is_done AND {condition} ORDER BY {order} LIMIT 1)"
    )


def fronts(webhooks: Sequence[int], is_retry: bool, now: datetime) -> dict[int, list[Row]]:
    """The first rows of these lanes."""
    if not webhooks:
        return {}
    condition, order = ("x.is_retry AND x.due_at <= %s", "x.due_at, x.id") if is_retry else ("NOT x.is_retry", "x.id")
    moment = adapted(now)
    front = f"FROM {TABLE} x WHERE x.webhook_id = w.id AND NOT x.is_done AND {condition} ORDER BY {order} LIMIT {CHAIN}"
    if connection.vendor == "postgresql":
        joined = f"CROSS JOIN LATERAL (SELECT x.* {front}) d"
    else:
        joined = f"JOIN {TABLE} d ON d.id IN (SELECT x.id {front})"
    text = (
        f"SELECT {COLUMNS}, coalesce(d.claimed_until > %s, false), coalesce(d.due_at < %s, false)"
        f" FROM {WEBHOOKS} w {joined} WHERE w.id IN ({marks(webhooks)})"
        f" ORDER BY w.id, {order.replace('x.', 'd.')}"
    )
    found: dict[int, list[Row]] = {}
    for values in ask(text, [moment, adapted(now - BEHIND), *([moment] if is_retry else []), *webhooks]):
        row = Row(*values)
        found.setdefault(row.webhook_id, []).append(row)
    return found
