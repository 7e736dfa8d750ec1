"""Copies of a whole database while others write to it: one consistent moment, nobody waits."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

from django.db import connection

SQLITE_HEADER = b"SQLite format 3\0"
PATIENCE = 3600


class CopyFailed(Exception):
    """The database could not be copied, or a copy could not be read; the text says what to do."""


def copy_database(target: Path) -> None:
    """Write a copy of the database to a file that does not exist yet."""
    if connection.vendor == "sqlite":
        copy_sqlite(Path(str(connection.settings_dict["NAME"])), target)
    else:
        _run("pg_dump", "--format=custom", "--no-owner", f"--file={target}")


def copy_sqlite(source: Path, target: Path) -> None:
    """In one read transaction: writers go on, and what they write meanwhile is not in the copy."""
    try:
        # On a connection of its own: the caller may be inside a transaction.
        with contextlib.closing(
            sqlite3.connect(f"{source.resolve().as_uri()}?mode=rw", uri=True, timeout=30)
        ) as database:
            database.execute("VACUUM INTO ?", [str(target)])
    except sqlite3.Error as error:
        raise CopyFailed(str(error)) from error


def restore_postgres(source: Path) -> None:
    """All of it or nothing, in one transaction."""
    name = str(connection.settings_dict["NAME"])
    _run("pg_restore", "--clean", "--if-exists", "--no-owner", "--single-transaction", f"--dbname={name}", str(source))


def list_postgres(source: Path) -> str:
    """The table of contents of a dump."""
    return _run("pg_restore", "--list", str(source))


def _run(program: str, *arguments: str) -> str:
    path = shutil.which(program)
    if path is None:
        raise CopyFailed(f"{program} is not installed: install the client programs of PostgreSQL")
    try:
        done = subprocess.run(
            [path, *arguments], env=_environment(), capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        raise CopyFailed(f"{program} took longer than {PATIENCE} s") from None
    if done.returncode:
        raise CopyFailed(f"{program}: {done.stderr.strip()[-2000:]}")
    return done.stdout


def _environment() -> dict[str, str]:
    """The database's address as libpq's own variables: arguments could be read by everybody on the machine."""
    database: dict[str, Any] = connection.settings_dict
    address = {
        "PGHOST": database.get("HOST"),
        "PGPORT": database.get("PORT"),
        "PGUSER": database.get("USER"),
        "PGPASSWORD": database.get("PASSWORD"),
        "PGDATABASE": database.get("NAME"),
    }
    return {**os.environ, **{name: str(value) for name, value in address.items() if value}}
