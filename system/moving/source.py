"""The SQLite file that an installation moves out of: only read, and nobody writes to it meanwhile."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from system.holding import IsRunning, held
from system.restoring import CannotRestore, applied_migrations, check_sqlite, migrations_on_disk

from .tables import Column, Table

# Rows that are told of; there may be more.
TOLD = 5


class CannotMove(Exception):
    """Why nothing was moved, and what to do."""


class Source:
    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def count(self, table: Table) -> int:
        return int(self._database.execute(f'SELECT count(*) FROM "{table.name}"').fetchone()[0])

    def rows(self, table: Table) -> Iterator[Sequence[Any]]:
        """In the order of the key; a page of the file is in memory at a time."""
        return self._database.execute(f'SELECT {table.listed} FROM "{table.name}" ORDER BY "{table.key}"')

    def last_ids(self) -> dict[str, int]:
        """By table, also of rows that have been deleted: an id is never given twice."""
        return {name: int(last) for name, last in self._database.execute("SELECT name, seq FROM sqlite_sequence")}

    def misfits(self, table: Table) -> list[str]:
        """What SQLite keeps and PostgreSQL would refuse: longer texts and greater numbers than the columns are for."""
        found = []
        for column in table.columns:
            if condition := _misfit(column):
                ids = self._database.execute(
                    f'SELECT "{table.key}" FROM "{table.name}" WHERE {condition} LIMIT {TOLD}'
                ).fetchall()
                found += [f"{table.name} {id}: {column.name} is {_words(column)}" for (id,) in ids]
        return found


def _misfit(column: Column) -> str:
    if column.length is not None:
        return f'length("{column.name}") > {column.length}'
    if column.bounds is not None and column.bounds[1] < 2**63 - 1:
        return f'"{column.name}" NOT BETWEEN {column.bounds[0]} AND {column.bounds[1]}'
    return ""


def _words(column: Column) -> str:
    return f"longer than {column.length} characters" if column.length is not None else "too great a number"


@contextmanager
def opened(file: Path) -> Iterator[Source]:
    """Raises CannotMove when it is none of ours, of another version, or in use."""
    if not file.is_file():
        raise CannotMove(f"There is no file {file}.")
    try:
        check_sqlite(file)
        _check_version(file)
        with held(file) as database:
            yield Source(database)
    except (CannotRestore, IsRunning) as error:
        raise CannotMove(str(error)) from None
    except sqlite3.Error as error:
        raise CannotMove(f"{file} cannot be read: {error}") from None


def _check_version(file: Path) -> None:
    if older := migrations_on_disk() - applied_migrations(file):
        raise CannotMove(
            f"{file} is of an older version: it has not had the migration {'.'.join(min(older))}."
            " Bring it up to date first: run `manage.py migrate` without DATABASE_URL."
        )
