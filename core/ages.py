"""Old rows of tables whose ids and times grow together: found and removed by ranges of ids, not by an index."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

from django.db import models, transaction

# Rows of one transaction; so many neighbours may be out of order. The rest between two lets the others write.
BATCH = 2000
PAUSE = 0.02


def last_before(rows: models.QuerySet[Any], *, column: str, moment: datetime) -> int:
    """The id at which the rows older than `moment` end: some twenty looks into the primary key, by halving, and one
    at the rows that follow, since neighbours may be out of order."""
    low, high = 0, rows.order_by("-id").values_list("id", flat=True).first() or 0
    while low < high:
        middle = (low + high + 1) // 2
        at = rows.filter(id__lte=middle).order_by("-id").values_list(column, flat=True).first()
        if at is None or at < moment:
            low = middle
        else:
            high = middle - 1
    return _last_out_of_order(rows, low, column=column, moment=moment)


def _last_out_of_order(rows: models.QuerySet[Any], end: int, *, column: str, moment: datetime) -> int:
    position = end
    while True:
        page = list(rows.filter(id__gt=position).order_by("id").values_list("id", column)[:BATCH])
        old = [id for id, at in page if at < moment]
        if not old:
            return end
        end, position = old[-1], page[-1][0]


def remove(rows: models.QuerySet[Any], *, up_to: int) -> int:
    """Delete these rows up to an id, in short transactions; returns how many."""
    gone, position = 0, 0
    while position < up_to:
        ids = rows.filter(id__gt=position, id__lte=up_to).order_by("id").values_list("id", flat=True)[:BATCH]
        page = list(ids)
        if not page:
            break
        with transaction.atomic():
            # Not by naming the ids: a plain range is one indexed statement.
            some = rows.filter(id__gt=position, id__lte=page[-1]).order_by()
            gone += some._raw_delete(some.db)
        position = page[-1]
        if len(page) < BATCH:
            break
        time.sleep(PAUSE)
    return gone
