"""Reading the log's end: what the hub of every web process does after every commit."""

from __future__ import annotations

import orjson
from django.db import connection

from .models import Event
from .settled import horizon

COLUMNS = [field.attname for field in Event._meta.local_concrete_fields]
Token = tuple[int, str]
MOMENT = Event._meta.get_field("at")


def read_after(position: int, *, limit: int) -> list[Event]:
    """The settled events after a position, oldest first: `Event.objects.settled().after(position)`, without the
    cost of building the query."""
    end = horizon()
    if end is not None and end <= position:
        return []
    settled = "" if end is None else f"AND id <= {end}"
    table, columns = Event._meta.db_table, ", ".join(COLUMNS)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM {table} WHERE id > %s {settled} ORDER BY id LIMIT %s", [position, limit])
        rows = cursor.fetchall()
    return [_event(row) for row in rows]


def log_token() -> Token:
    """Changes whenever an event is committed: what was derived from the log under the same token is still right.

    On PostgreSQL ids can commit out of order, so every transaction that ends counts as well.
    """
    running = "pg_current_snapshot()::text" if connection.vendor == "postgresql" else "''"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT coalesce(max(id), 0), {running} FROM {Event._meta.db_table}")
        last, ended = cursor.fetchone()
    return last, ended


def _event(row: tuple[object, ...]) -> Event:
    event = Event.from_db("default", COLUMNS, row)
    if connection.vendor == "sqlite":
        for convert in connection.ops.get_db_converters(MOMENT.get_col("")):
            event.at = convert(event.at, None, connection)
    if isinstance(event.data, str):
        event.data = orjson.loads(event.data)
    return event
