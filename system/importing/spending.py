"""Token usage, added up hour by hour, so that every sum is right."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby
from typing import Any

from tokens.services import HOUR, LARGEST_COUNT, Report, Sums, store

from .people import home_of
from .transfer import Transfer, batches
from .values import moment, text, whole

TABLE = "token_usage"
COLUMNS = ("id", "model", "session_id", "input_tokens", "output_tokens", "created_at", "workspace_id", "task_id")


def bring_usage(transfer: Transfer) -> None:
    """Costs are computed anew, as the other server does whenever it is asked."""
    last = transfer.last_brought(TABLE)
    total = transfer.source.count(TABLE, after=last)
    rows = transfer.source.rows(TABLE, COLUMNS, order="created_at, id", after=last)
    seen = _Highest()
    reports = _reports(transfer, seen.watch(transfer.watched(TABLE, rows, total)))
    sums = Sums()
    for _, hour in groupby(reports, key=_hour):
        for some in batches(hour):
            store(some, sums, now=_at(some[-1]))
            transfer.report.brought[TABLE] += len(some)
    sums.save()
    transfer.brought_up_to(TABLE, max(last, seen.id))


class _Highest:
    """The highest id of the rows that came by."""

    id = 0

    def watch(self, rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for row in rows:
            if isinstance(row["id"], int):
                self.id = max(self.id, row["id"])
            yield row


def _reports(transfer: Transfer, rows: Iterable[dict[str, Any]]) -> Iterator[Report]:
    for row in rows:
        at = moment(row["created_at"])
        if at is None:
            transfer.report.skip(TABLE, "it has no time")
            continue
        yield Report(
            workspace_id=home_of(transfer, row),
            model=text(row["model"], 200) or "unknown",
            session_id=text(row["session_id"], 512) or "unknown",
            input_tokens=whole(row["input_tokens"], high=LARGEST_COUNT),
            output_tokens=whole(row["output_tokens"], high=LARGEST_COUNT),
            task_id=transfer.here("tasks", row["task_id"]),
            at=at,
        )


def _at(report: Report) -> datetime:
    assert report.at is not None  # see _reports
    return report.at


def _hour(report: Report) -> int:
    return int(_at(report).timestamp()) // HOUR
