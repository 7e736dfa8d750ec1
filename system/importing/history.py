"""Activities as stories of the log: older than all that happened here, and nobody's news.

Ids of the log grow with its times, and whoever reads it goes by ids. So the history goes below everything else: while
the log tells of nothing but the setting up of this server, its few rows get higher ids, and every reader's place moves
with them. Streams and webhooks begin after it. Once work has begun here, there is no room below; then only what is
younger than the end of the log could come, so nothing older does, and the report says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.core.management.color import no_style
from django.db import connection
from django.db.models import F

from activity.catalogue import Kind
from activity.models import Event, Reader
from core.rows import adapted

from .people import home_of
from .transfer import Transfer, put
from .values import json, json_text, moment, text

TABLE = "activities"
COLUMNS = (
    "id", "type", "entity_type", "entity_id", "actor", "description", "data", "created_at", "workspace_id",
)  # fmt: skip
STORED = (
    "id", "kind", "at", "workspace_id", "actor", "subject", "agent_id", "task_id", "type", "description", "data",
)  # fmt: skip
# What is written while a server is set up: people, keys, settings.
SETTING_UP = {Kind.ACCESS_CHANGED, Kind.AUDIT, Kind.AUDIT_SECURITY, Kind.SECURITY, Kind.WORKSPACE_CHANGED}
TABLES = {"task": "tasks", "agent": "agents", "comment": "comments", "message": "messages", "project": "projects"}
NO_ROOM = "work has begun on this server, and its log has no room for older history"
DAMAGED = "it has no time or no type"


def bring_history(transfer: Transfer) -> None:
    last = transfer.last_brought(TABLE)
    new = transfer.source.count(TABLE, after=last)
    if not new:
        transfer.report.known[TABLE] += transfer.source.count(TABLE)
        return
    if Event.objects.exclude(kind__in=SETTING_UP).exists():
        transfer.report.skip(TABLE, NO_ROOM, new)
        return
    _make_room(new)
    highest = [last]
    put(Event, STORED, _stories(transfer, last, new, highest))
    transfer.brought_up_to(TABLE, highest[0])
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), [Event]):
            cursor.execute(statement)


def _make_room(n: int) -> None:
    """Move the log's few rows up by `n`. By way of negative ids, since the new ones may still be in use."""
    with connection.cursor() as cursor:
        table = Event._meta.db_table
        cursor.execute(f"UPDATE {table} SET id = -id - %s", [n])
        cursor.execute(f"UPDATE {table} SET id = -id")
        if connection.vendor == "sqlite":
            cursor.execute("UPDATE sqlite_sequence SET seq = seq + %s WHERE name = %s", [n, table])
            cursor.execute(
                "INSERT INTO sqlite_sequence (name, seq) SELECT %s, %s"
                " WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = %s)",
                [table, n, table],
            )
    Reader.objects.update(position=F("position") + n)


def _stories(transfer: Transfer, last: int, total: int, highest: list[int]) -> Iterator[tuple[Any, ...]]:
    """Ids from 1 on, in the order of time."""
    rows = transfer.source.rows(TABLE, COLUMNS, order="created_at, id", after=last)
    id = 0
    for row in transfer.watched(TABLE, rows, total):
        highest[0] = max(highest[0], row["id"] or 0)
        at = moment(row["created_at"])
        if at is None or not row["type"]:
            transfer.report.skip(TABLE, DAMAGED)
            continue
        id += 1
        transfer.report.brought[TABLE] += 1
        yield _story(transfer, row, id, min(at, transfer.now))


def _story(transfer: Transfer, row: dict[str, Any], id: int, at: datetime) -> tuple[Any, ...]:
    kind = text(row["entity_type"], 40) or "system"
    table = TABLES.get(kind)
    # What is gone keeps no number: it might be another one's here.
    entity = (transfer.here(table, row["entity_id"]) if table else row["entity_id"]) or 0
    task = entity if kind == "task" else None
    if kind == "comment":
        task = transfer.here("tasks", json(row["data"], {}).get("task_id"))
    return (
        id,
        Kind.STORY.value,
        adapted(at),
        home_of(transfer, row),
        text(row["actor"], 200) or "system",
        f"{kind}:{entity if isinstance(entity, int) else 0}",
        entity or None if kind == "agent" else None,
        task or None,
        text(row["type"], 48),
        text(row["description"]),
        json_text(row["data"]),
    )
