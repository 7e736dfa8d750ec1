"""SQLite's write-ahead log, folded back into the database outside of any request."""

from __future__ import annotations

from django.db import connection


def fold_back() -> None:
    """Copy what can be copied without keeping anybody waiting; nothing to do on other databases."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(PASSIVE)")
            cursor.fetchall()
