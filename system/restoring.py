"""A backup takes the place of the database, while nothing runs; what was there is kept aside."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from django.db import connection, connections
from django.db.migrations.loader import MigrationLoader

from . import copying

OURS = {"django_migrations", "activity_event", "tasks_task"}


class CannotRestore(Exception):
    """One line that says why nothing was changed, and what to do."""


def restore(source: Path, *, now: datetime) -> Path:
    """Put the backup in place; returns where the database that was there is kept."""
    if not source.is_file():
        raise CannotRestore(f"There is no file {source}.")
    if connection.vendor == "sqlite":
        return _restore_sqlite(source, Path(str(connection.settings_dict["NAME"])).resolve(), now)
    return _restore_postgres(source, now)


# -- SQLite -----------------------------------------------------------------------------------------------------------
def _restore_sqlite(source: Path, target: Path, now: datetime) -> Path:
    check_sqlite(source)
    connections.close_all()
    aside = target.with_name(f"{target.name}.before-restore-{_stamp(now)}")
    draft = target.with_name(f".{target.name}.restoring")
    try:
        with _alone_with(target):
            shutil.copyfile(source, draft)
            _sync(draft)
            check_sqlite(draft)
            draft.chmod(0o600)
            _keep_aside(target, aside)
            # One step: there is never no database.
            os.replace(draft, target)
            _sync(target.parent)
    finally:
        draft.unlink(missing_ok=True)
    return aside


def _keep_aside(target: Path, aside: Path) -> None:
    """With the logs that a crash may have left: they belong to the old file, and would spoil the new one."""
    for suffix in ("-wal", "-shm", "-journal"):
        with contextlib.suppress(FileNotFoundError):
            os.replace(f"{target}{suffix}", f"{aside}{suffix}")
    with contextlib.suppress(FileNotFoundError):
        os.link(target, aside)


def check_sqlite(file: Path) -> None:
    """Whole, ours, and not from a newer version."""
    try:
        with contextlib.closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as database:
            ((verdict,), *_) = database.execute("PRAGMA integrity_check").fetchall()
            if verdict != "ok":
                raise CannotRestore(f"{file} is damaged: {verdict}")
            tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if not tables >= OURS:
                raise CannotRestore(f"{file} is no database of Mission Control.")
            applied = set(database.execute("SELECT app, name FROM django_migrations"))
    except sqlite3.Error as error:
        raise CannotRestore(f"{file} cannot be read: {error}") from None
    if newer := applied - set(MigrationLoader(None, ignore_no_migrations=True).disk_migrations or {}):
        raise CannotRestore(
            f"{file} comes from a newer version: this one does not know its migration {'.'.join(min(newer))}."
        )


@contextlib.contextmanager
def _alone_with(target: Path) -> Iterator[None]:
    """Hold the database so that nobody can open it. Fails while any process of the server has it open.

    Every open connection to a database with a write-ahead log holds a lock; leaving that mode needs all of them gone,
    and folds the log back into the file.
    """
    if not target.exists():
        yield
        return
    with contextlib.closing(sqlite3.connect(target, timeout=1, isolation_level=None)) as database:
        try:
            (mode,) = database.execute("PRAGMA journal_mode=DELETE").fetchone()
            if mode != "delete":
                raise sqlite3.OperationalError("database is locked")
            database.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            raise CannotRestore(f"The server is running ({error}): stop it first.") from None
        except sqlite3.DatabaseError:
            # What is there is damaged: all the more reason to replace it.
            pass
        yield


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


# -- PostgreSQL -------------------------------------------------------------------------------------------------------
def _restore_postgres(source: Path, now: datetime) -> Path:
    try:
        contents = copying.list_postgres(source)
        if not all(f" {table} " in contents for table in OURS):
            raise CannotRestore(f"{source} is no dump of Mission Control.")
        if others := _other_connections():
            raise CannotRestore(f"The database is in use by {others} other connections: stop the server first.")
        connections.close_all()
        aside = source.with_name(f"before-restore-{_stamp(now)}.dump")
        copying.copy_database(aside)
        copying.restore_postgres(source)
    except copying.CopyFailed as error:
        raise CannotRestore(str(error)) from None
    return aside


def _other_connections() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        return int(cursor.fetchone()[0])


def _stamp(now: datetime) -> str:
    return f"{now.astimezone(UTC):%Y-%m-%d_%H-%M-%S}"
