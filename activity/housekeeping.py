"""SQLite's housekeeping, outside of any request."""

from __future__ import annotations

from django.db import connection


def look_at_the_data() -> None:
    """Let SQLite sample its indexes, so that it knows which one narrows a question down. Takes milliseconds."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA analysis_limit=1000")
            cursor.execute("ANALYZE")


def fold_back() -> None:
    """Copy what can be copied without keeping anybody waiting; nothing to do on other databases."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(PASSIVE)")
            cursor.fetchall()
