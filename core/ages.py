"""Old rows of tables whose ids and times grow together: found and removed by ranges of ids, not by an index."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

from django.db import models, transaction

# Rows of one transaction, and the rest between two that lets the others write.
BATCH = 2000
PAUSE = 0.02


def last_before(rows: models.QuerySet[Any], *, column: str, moment: datetime) -> int:
    """The id at which the rows older than `moment` end, by halving: some twenty looks into the primary key."""
    low, high = 0, rows.order_by("-id").values_list("id", flat=True).first() or 0
    while low < high:
        middle = (low + high + 1) // 2
        at = rows.filter(id__lte=middle).order_by("-id").values_list(column, flat=True).first()
        if at is None or at < moment:
            low = middle
        else:
            high = middle - 1
    return low


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
