"""Whether the database answers, is whole, and has the tables of this version."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.migrations.executor import MigrationExecutor

from activity.models import Event, Reader
from system.diagnostics import writes_ahead

from .finding import Finding, Verdict, judged

AHEAD_AT_MOST = timedelta(seconds=5)


def examine(now: datetime) -> Iterator[Finding]:
    try:
        connection.ensure_connection()
    except DatabaseError as error:
        yield Finding("Connection", Verdict.BAD, str(error).strip(), "Start the database, or mend DATABASE_URL.")
        return
    yield Finding("Connection", Verdict.GOOD, f"{connection.vendor} answers")
    missing = _missing_migrations()
    yield judged(
        "Tables",
        f"{len(missing)} migrations are missing, {missing[0]} first" if missing else "as this version needs them",
        unless=bool(missing),
        fix="Run `manage.py migrate`; `make run` does it at its start.",
    )
    if missing:
        return
    yield _writable(now)
    yield _order_of_time(now)
    if connection.vendor == "sqlite":
        yield from _sqlite()


def _missing_migrations() -> list[str]:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def _writable(now: datetime) -> Finding:
    try:
        with transaction.atomic():
            Reader.objects.update_or_create(name="doctor", defaults={"seen_at": now})
            transaction.set_rollback(True)
    except DatabaseError as error:
        fix = "Look at its disk, its permissions, and who else holds it."
        return Finding("Writing", Verdict.BAD, str(error).strip(), fix)
    return Finding("Writing", Verdict.GOOD, "a write was taken, and taken back")


def _order_of_time(now: datetime) -> Finding:
    newest = Event.objects.order_by("-id").values_list("at", flat=True).first()
    ahead = newest is not None and newest - now > AHEAD_AT_MOST
    return judged(
        "Clock",
        f"the newest event is from {newest:%Y-%m-%d %H:%M:%S}, which is still to come"
        if ahead
        else "no event is ahead",
        unless=ahead,
        verdict=Verdict.DOUBTFUL,
        fix="Let the machine keep time by NTP: what is due by the clock waits until it has caught up.",
    )


def _sqlite() -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA quick_check(1)")
        told = str(cursor.fetchone()[0])
    yield judged(
        "Integrity",
        "every page is whole" if told == "ok" else told,
        unless=told != "ok",
        fix="Stop the server and run `manage.py restore` with the newest backup.",
    )
    yield judged(
        "Write-ahead log",
        f"on, synchronous={settings.SQLITE_SYNCHRONOUS}" if writes_ahead() else "off: readers wait for writers",
        unless=not writes_ahead(),
        fix="Keep the data folder on a local disk: network file systems have no write-ahead log.",
    )
