"""A backup takes the place of the database, while nothing runs; what was there is kept aside."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.db import connection, connections
from django.db.migrations.loader import MigrationLoader

from core.migrating import bring_up_to_date

from . import copying, packing
from .freeing import let_go
from .holding import IsRunning, held

OURS = {"django_migrations", "activity_event", "tasks_task"}
DUMP = b"PGDMP"


class CannotRestore(Exception):
    """One line that says why nothing was changed, and what to do."""


@dataclass(frozen=True, slots=True)
class Restored:
    # Where the database that was there is kept; there may have been none.
    aside: Path
    # Whether there was a checksum to compare with.
    verified: bool


def restore(source: Path, *, now: datetime) -> Restored:
    """Put the backup in place, bring its tables to this version, and end what was under way in it."""
    if not source.is_file():
        raise CannotRestore(f"There is no file {source}.")
    try:
        verified = packing.verify(source)
        if connection.vendor == "sqlite":
            aside = _restore_sqlite(source, Path(str(connection.settings_dict["NAME"])).resolve(), now)
        else:
            aside = _restore_postgres(source, now)
    except packing.Damaged as error:
        raise CannotRestore(str(error)) from None
    bring_up_to_date()
    let_go(now=now)
    return Restored(aside, verified)


# -- SQLite -----------------------------------------------------------------------------------------------------------
def _restore_sqlite(source: Path, target: Path, now: datetime) -> Path:
    if packing.starts_with(source, DUMP):
        raise CannotRestore(f"{source} is a dump of PostgreSQL: set DATABASE_URL to the database it belongs in.")
    connections.close_all()
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    aside = target.with_name(f"{target.name}.before-restore-{_stamp(now)}")
    draft = target.with_name(f".{target.name}.restoring")
    try:
        packing.unpack(source, draft)
        check_sqlite(draft, shown=source)
        draft.chmod(0o600)
        with _alone_with(target):
            _keep_aside(target, aside)
            # One step: there is never no database.
            os.replace(draft, target)
            packing.sync(target.parent)
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


def check_sqlite(file: Path, *, shown: Path | None = None) -> None:
    """Whole, ours, and not from a newer version."""
    name = shown or file
    try:
        with contextlib.closing(_read_only(file)) as database:
            ((verdict,), *_) = database.execute("PRAGMA integrity_check").fetchall()
            if verdict != "ok":
                raise CannotRestore(f"{name} is damaged: {verdict}")
            tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if not tables >= OURS:
            raise CannotRestore(f"{name} is no database of Mission Control.")
        newer = applied_migrations(file) - migrations_on_disk()
    except sqlite3.Error as error:
        raise CannotRestore(f"{name} cannot be read: {error}") from None
    if newer:
        raise CannotRestore(
            f"{name} comes from a newer version: this one does not know its migration {'.'.join(min(newer))}."
        )


def applied_migrations(file: Path) -> set[tuple[str, str]]:
    with contextlib.closing(_read_only(file)) as database:
        return set(database.execute("SELECT app, name FROM django_migrations"))


def migrations_on_disk() -> set[tuple[str, str]]:
    return set(MigrationLoader(None, ignore_no_migrations=True).disk_migrations or {})


def _read_only(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)


@contextlib.contextmanager
def _alone_with(target: Path) -> Iterator[None]:
    if not target.exists():
        yield
        return
    try:
        with held(target):
            yield
    except IsRunning as error:
        raise CannotRestore(str(error)) from None


# -- PostgreSQL -------------------------------------------------------------------------------------------------------
def _restore_postgres(source: Path, now: datetime) -> Path:
    if packing.starts_with(source, packing.MAGIC) or packing.starts_with(source, copying.SQLITE_HEADER):
        raise CannotRestore(
            f"{source} is a backup of SQLite: restore it without DATABASE_URL, then run `manage.py move_to_postgres`."
        )
    try:
        contents = copying.list_postgres(source)
        if not all(f" {table} " in contents for table in OURS):
            raise CannotRestore(f"{source} is no dump of Mission Control.")
        if others := other_connections():
            raise CannotRestore(f"The database is in use by {others} other connections: stop the server first.")
        connections.close_all()
        aside = source.with_name(f"before-restore-{_stamp(now)}.dump")
        copying.copy_database(aside)
        copying.restore_postgres(source)
    except copying.CopyFailed as error:
        raise CannotRestore(str(error)) from None
    return aside


def other_connections() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        return int(cursor.fetchone()[0])


def _stamp(now: datetime) -> str:
    return f"{now.astimezone(UTC):%Y-%m-%d_%H-%M-%S}"
