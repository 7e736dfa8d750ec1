"""The PostgreSQL database that an installation moves into, inside one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection

from core.rows import ask

from .tables import Table, Value

# Made by `migrate` in every new database; what the source has takes their place.
MADE_AT_FIRST = {"django_content_type", "auth_permission"}
PAGE = 2000
FOREIGN_KEYS = """
SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint
WHERE contype = 'f' AND conrelid = ANY(%s::regclass[]) ORDER BY 1, 2
"""
# Those that are no constraint's.
INDEXES = """
SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
WHERE indrelid = ANY(%s::regclass[]) AND NOT indisprimary
AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u', 'x')) ORDER BY 1
"""


def filled(tables: Iterable[Table]) -> list[str]:
    """The tables that hold something already."""
    return [
        table.name
        for table in tables
        if table.name not in MADE_AT_FIRST and ask(f'SELECT 1 FROM "{table.name}" LIMIT 1', [])
    ]


def empty(tables: Sequence[Table]) -> None:
    do(f"TRUNCATE {', '.join(_quoted(tables))}")


def fill(table: Table, rows: Iterable[Sequence[Value]]) -> None:
    """Streams. Frozen: nobody has to look at the rows again to see that they are committed."""
    with (
        connection.cursor() as cursor,
        cursor.copy(f'COPY "{table.name}" ({table.listed}) FROM STDIN WITH (FREEZE)') as copy,
    ):
        for row in rows:
            copy.write_row(row)


def rows(table: Table) -> Iterator[Sequence[Any]]:
    """What stands there now, a page in memory at a time."""
    raw: Any = connection.connection
    with raw.cursor(name="moved") as cursor:
        cursor.itersize = PAGE
        cursor.execute(f'SELECT {table.listed} FROM "{table.name}"')
        yield from cursor


@contextmanager
def without_indexes(tables: Sequence[Table]) -> Iterator[None]:
    """Foreign keys and indexes are put down, and made again at once at the end, which is quicker and needs no memory
    for each row; what the rows do not keep to then fails there."""
    names = _quoted(tables)
    keys, indexes = ask(FOREIGN_KEYS, [names]), ask(INDEXES, [names])
    for table, name, _ in keys:
        do(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    for name, _ in indexes:
        do(f"DROP INDEX {name}")
    yield
    for _, statement in indexes:
        do(statement)
    for table, name, definition in keys:
        do(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")


def set_sequences(tables: Iterable[Table], last_ids: dict[str, int]) -> None:
    """Beyond every id that was ever given: clients and readers of the log remember where they were."""
    for table in tables:
        sequence = ask("SELECT pg_get_serial_sequence(%s, %s)", [f'"{table.name}"', table.key])[0][0]
        if sequence is None:
            continue
        ((greatest,),) = ask(f'SELECT coalesce(max("{table.key}"), 0) FROM "{table.name}"', [])
        last = max(int(greatest), last_ids.get(table.name, 0))
        ask("SELECT setval(%s::regclass, %s, %s)", [sequence, max(last, 1), last > 0])


def look_at_the_data(tables: Sequence[Table]) -> None:
    do(f"ANALYZE {', '.join(_quoted(tables))}")


def do(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def _quoted(tables: Iterable[Table]) -> list[str]:
    return [f'"{table.name}"' for table in tables]
