"""What one agent spent in any span of time: read from its reports, which an index finds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from core.rows import adapted, ask

from .models import TokenUsage
from .reports import Line


@dataclass(frozen=True, slots=True)
class Spending:
    """One line for each model, dearest first, and one for each day (UTC, `2026-03-04`) with reports, oldest first."""

    models: list[Line]
    days: list[Line]


def spending_of(workspace_id: int, agent_name: str, *, since: datetime, until: datetime) -> Spending:
    """Written out: the ORM would make SQLite call back for every row to find its day."""
    is_postgres = connection.vendor == "postgresql"
    day = "to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD')" if is_postgres else "substr(at, 1, 10)"
    rows = ask(
        f"SELECT {day}, model, sum(cost_microusd), sum(input_tokens), sum(output_tokens),"
        f" sum(CASE WHEN operation = '{TokenUsage.CORRECTION}' THEN 0 ELSE 1 END)"
        f" FROM {TokenUsage._meta.db_table}"
        " WHERE workspace_id = %s AND agent_name = %s AND at >= %s AND at < %s GROUP BY 1, 2",
        [workspace_id, agent_name, adapted(since), adapted(until)],
    )
    models = _added((model, figures) for _, model, *figures in rows)
    days = _added((day, figures) for day, _, *figures in rows)
    return Spending(
        sorted(models, key=lambda line: (-line.cost_microusd, line.key)), sorted(days, key=lambda line: line.key)
    )


def _added(rows: Iterable[tuple[str, list[int]]]) -> list[Line]:
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for key, figures in rows:
        sums[key] = [sum + int(figure) for sum, figure in zip(sums[key], figures, strict=True)]
    return [Line(key, *figures) for key, figures in sums.items()]
