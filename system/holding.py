"""The SQLite file of an installation, held so that nothing else can open it."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path


class IsRunning(Exception):
    """Some process has the file open."""


@contextlib.contextmanager
def held(file: Path) -> Iterator[sqlite3.Connection]:
    """Fails while any process of the server has the file open. What is damaged cannot be held, and is yielded as is.

    Every open connection to a database with a write-ahead log holds a lock; leaving that mode needs all of them gone,
    and folds the log back into the file.
    """
    with contextlib.closing(sqlite3.connect(file, timeout=1, isolation_level=None)) as database:
        try:
            (mode,) = database.execute("PRAGMA journal_mode=DELETE").fetchone()
            if mode != "delete":
                raise sqlite3.OperationalError("database is locked")
            database.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            raise IsRunning(f"The server is running ({error}): stop it first.") from None
        except sqlite3.DatabaseError:
            pass
        yield database
