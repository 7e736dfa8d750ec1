"""The other server's file. Tables and columns that an older version lacks read as empty, and are told of."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .report import Report

Row = dict[str, Any]


class NotASource(Exception):
    """The file cannot be read as the other server's database."""


class Source:
    def __init__(self, path: Path, report: Report) -> None:
        if not path.is_file():
            raise NotASource(f"{path} is not a file")
        # With its write-ahead log, if the other server left one; never written to.
        self.database = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        self.report = report
        # Bytes that are no text shall not stop everything.
        self.database.text_factory = lambda raw: raw.decode("utf-8", "replace")
        try:
            tables = self.database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        except sqlite3.DatabaseError as error:
            raise NotASource(f"{path} is not a SQLite database: {error}") from error
        self.tables = {name for (name,) in tables}
        if not {"tasks", "agents"} & self.tables:
            raise NotASource(f"{path} holds neither tasks nor agents")

    def count(self, table: str, *, after: int = 0) -> int:
        if table not in self.tables:
            return 0
        ((n,),) = self.database.execute(f'SELECT count(*) FROM "{table}" WHERE rowid > ?', [after])
        return int(n)

    def rows(self, table: str, columns: tuple[str, ...], *, order: str = "id", after: int = 0) -> Iterator[Row]:
        """Rows after an id; every named column is there, None where the table has none of that name."""
        for values in self.tuples(table, columns, order=order, after=after):
            yield dict(zip(columns, values, strict=True))

    def tuples(
        self, table: str, columns: tuple[str, ...], *, order: str = "id", after: int = 0
    ) -> Iterator[tuple[Any, ...]]:
        if table not in self.tables:
            self.report.note(f"{table}: the file has no such table")
            return
        known = {row[1] for row in self.database.execute(f'PRAGMA table_info("{table}")')}
        missing = [column for column in columns if column not in known]
        if missing:
            self.report.note(f"{table}: the file lacks {', '.join(missing)}")
        shown = ", ".join(f'"{column}"' if column in known else "NULL" for column in columns)
        where = f"WHERE rowid > {after:d}" if after else ""
        cursor = self.database.cursor()
        yield from cursor.execute(f'SELECT {shown} FROM "{table}" {where} ORDER BY {order}')
