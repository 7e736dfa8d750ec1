"""What one agent spent in any span of time: read from its reports, which an index finds."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from core.rows import adapted, ask

from .models import TokenUsage
from .reports import Line


def models_of(workspace_id: int, agent_name: str, *, since: datetime, until: datetime) -> list[Line]:
    """One line for each model, dearest first."""
    lines = _lines("model", workspace_id, agent_name, since, until)
    return sorted(lines, key=lambda line: (-line.cost_microusd, line.key))


def days_of(workspace_id: int, agent_name: str, *, since: datetime, until: datetime) -> list[Line]:
    """One line for each day (UTC, `2026-03-04`) with reports, oldest first."""
    is_postgres = connection.vendor == "postgresql"
    day = "to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD')" if is_postgres else "substr(at, 1, 10)"
    return sorted(_lines(day, workspace_id, agent_name, since, until), key=lambda line: line.key)


def _lines(key: str, workspace_id: int, agent_name: str, since: datetime, until: datetime) -> list[Line]:
    """Written out: the ORM would make SQLite call back for every row to find its day."""
    rows = ask(
        f"SELECT {key}, sum(cost_microusd), sum(input_tokens), sum(output_tokens), count(*)"
        f" FROM {TokenUsage._meta.db_table}"
        " WHERE workspace_id = %s AND agent_name = %s AND at >= %s AND at < %s GROUP BY 1",
        [workspace_id, agent_name, adapted(since), adapted(until)],
    )
    return [Line(key, *(int(figure) for figure in figures)) for key, *figures in rows]
