"""The latest stretch of the log, found without an index over times: ids and times grow together."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from core.rows import adapted, ask

# Apart, each is read from one end of the log.
ENDS = "SELECT coalesce((SELECT min(id) FROM activity_event), 0), coalesce((SELECT max(id) FROM activity_event), 0) + 1"


def first_id_since(moment: datetime) -> int:
    """The id of the first event that is not older than `moment`; beyond the last one when there is none.

    A search by halves: some twenty rows are looked at, however long the log is.
    """
    ((low, high),) = ask(ENDS, [])
    since = adapted(moment)
    while low < high:
        middle = (low + high) // 2
        id, is_old = _at_or_after(middle, since)
        if is_old:
            low = id + 1
        else:
            high = middle
    return int(low)


def _at_or_after(id: int, since: Any) -> tuple[int, bool]:
    """The first event whose id is not smaller, and whether it is older than `since`."""
    rows = ask("SELECT id, at < %s FROM activity_event WHERE id >= %s ORDER BY id LIMIT 1", [since, id])
    return (int(rows[0][0]), bool(rows[0][1])) if rows else (id, False)


def stories_since(moment: datetime, *, workspace_id: int) -> dict[str, int]:
    """How many stories of each type the workspace has had since then."""
    rows = ask(
        "SELECT type, count(*) FROM activity_event WHERE workspace_id = %s AND kind = 'activity.created' AND id >= %s"
        " GROUP BY type",
        [workspace_id, first_id_since(moment)],
    )
    return dict(rows)
