"""What many bookings of runs read and write at once: locked in the order in which everybody locks it, mandates before
tasks, each by their ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models.base import ModelState

from agents.models import Agent, Mandate
from core.actors import Actor
from core.rows import adapted, ask, places, relate
from tasks.models import Brief, Task
from tokens.models import Run

M = TypeVar("M", Mandate, Agent)
OF_MANDATES = (
    "agent_id", "autonomy", "control", "status_reason", "budget_daily_microusd", "budget_per_run_microusd",
    "extra_microusd", "spend_today_microusd", "spend_reset_at", "parent_task_id", "error_streak",
)  # fmt: skip
OF_AGENTS = ("id", "workspace_id", "slug", "name")


@dataclass(slots=True)
class Costed:
    """A task, as far as money goes."""

    id: int
    project_id: int
    type: str
    has_brief: bool
    estimate: int | None
    spent: int
    is_touched: bool = False


def locked_mandates(agent_ids: set[int]) -> dict[int, Mandate]:
    """With what a booking looks at of them and of their agents: the statement is written out, and the rows are made
    without asking each field, because that would take a quarter of the time."""
    if not agent_ids:
        return {}
    lock = "FOR UPDATE OF m" if connection.features.has_select_for_update else ""
    columns = ", ".join([*(f"m.{name}" for name in OF_MANDATES), *(f"a.{name}" for name in OF_AGENTS)])
    rows = ask(
        f"SELECT {columns} FROM {Mandate._meta.db_table} m JOIN {Agent._meta.db_table} a ON a.id = m.agent_id"
        f" WHERE m.agent_id IN ({places(list(agent_ids))}) ORDER BY m.agent_id {lock}",
        list(agent_ids),
    )
    mandates = {}
    for row in rows:
        mandate = _made(Mandate, OF_MANDATES, row)
        relate(mandate, agent=_made(Agent, OF_AGENTS, row[len(OF_MANDATES) :]))
        mandate.spend_reset_at = _moment(mandate.spend_reset_at)
        mandates[mandate.pk] = mandate
    return mandates


def _made(model: type[M], names: Sequence[str], values: Sequence[Any]) -> M:
    row = model.__new__(model)
    row._state = ModelState()
    row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS
    row.__dict__.update(zip(names, values, strict=False))
    return row


def _moment(value: datetime | None) -> datetime | None:
    """SQLite keeps times in UTC, and does not say so."""
    return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


def locked_tasks(ids: set[int]) -> dict[tuple[int, int], Costed]:
    """By workspace and id. Written out, because a task is much larger than what is read of it here."""
    if not ids:
        return {}
    if connection.features.has_select_for_update:
        # Apart from reading them: of what is joined, the statement that waits for a lock reads what was there before.
        ask(f"SELECT id FROM {Task._meta.db_table} WHERE id IN ({places(list(ids))}) ORDER BY id FOR UPDATE", list(ids))
    rows = ask(
        "SELECT t.workspace_id, t.id, t.project_id, t.type, b.task_id IS NOT NULL, b.estimated_cost_microusd,"
        f" coalesce(b.actual_cost_microusd, 0) FROM {Task._meta.db_table} t"
        f" LEFT JOIN {Brief._meta.db_table} b ON b.task_id = t.id"
        f" WHERE t.id IN ({places(list(ids))}) ORDER BY t.id",
        list(ids),
    )
    return {
        (workspace_id, id): Costed(id, project_id, type, bool(has_brief), estimate, spent)
        for workspace_id, id, project_id, type, has_brief, estimate, spent in rows
    }


def runs_of(ids: Sequence[int]) -> list[Run]:
    return list(Run.objects.filter(pk__in=ids)) if ids else []


def copy_of(run: Run, agent: Agent) -> Run:
    copy = Run.__new__(Run)
    copy.__dict__.update(run.__dict__)
    relate(copy, agent=agent)
    return copy


def keys_known(keyed: Sequence[tuple[Actor, str]]) -> set[tuple[str, str]]:
    """(who reported, key) of the runs that are there already."""
    if not keyed:
        return set()
    homes = sorted({actor.workspace_id for actor, _ in keyed})
    callers, keys = sorted({str(actor) for actor, _ in keyed}), sorted({key for _, key in keyed})
    rows = ask(
        f"SELECT reported_by, idempotency_key FROM {Run._meta.db_table} WHERE workspace_id IN ({places(homes)})"
        f" AND reported_by IN ({places(callers)}) AND idempotency_key IN ({places(keys)})",
        [*homes, *callers, *keys],
    )
    return {(by, key) for by, key in rows}


def stored(run: Run, columns: Iterable[str]) -> list[Any]:
    values = [getattr(run, column) for column in columns]
    return [adapted(value) if isinstance(value, datetime) else value for value in values]


def write(model: type[Run | Mandate | Brief], columns: Sequence[str], rows: Iterable[tuple[list[Any], int]]) -> None:
    """Set the columns of these rows, each to its own values."""
    values = [(*row, id) for row, id in rows]
    if not values:
        return
    sets = ", ".join(f"{column} = %s" for column in columns)
    meta = model._meta
    with connection.cursor() as cursor:
        cursor.executemany(f"UPDATE {meta.db_table} SET {sets} WHERE {meta.pk.column} = %s", values)
