"""All tables, or nothing: copied, made sound, read again and compared, in one transaction of the target."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from activity.models import Reader
from system.freeing import let_go
from system.restoring import other_connections
from system.search.sqlite import READER as SEARCH

from . import target
from .source import CannotMove, Source, opened
from .tables import Sum, Table, converted, tables

STEP = 500


@dataclass(frozen=True, slots=True)
class Moved:
    """One table: what came, and how long it took to write and to compare."""

    table: str
    rows: int
    checksum: str
    seconds: float


class Progress(Protocol):
    def begin(self, what: str, total: int) -> None: ...
    def advance(self, table: str, rows: int) -> None: ...


def move(file: Path, *, replace: bool, now: datetime, progress: Progress) -> list[Moved]:
    """The target is the database of the settings. Raises CannotMove; then nothing has changed there."""
    if connection.vendor != "postgresql":
        raise CannotMove("Set DATABASE_URL to the PostgreSQL database to move to.")
    try:
        with opened(file) as source:
            every = tables()
            _check_fit(source, every)
            _prepare(every, replace=replace)
            with transaction.atomic():
                moved = _move(source, every, progress)
                _start_afresh(now)
    except DatabaseError as error:
        raise CannotMove(f"PostgreSQL refused: {_told(error)} Nothing was moved.") from error
    ContentType.objects.clear_cache()
    return moved


def _check_fit(source: Source, every: Sequence[Table]) -> None:
    if misfits := [misfit for table in every for misfit in source.misfits(table)]:
        raise CannotMove("\n".join(["PostgreSQL has no room for these; change them first:", *misfits]))


def _prepare(every: Sequence[Table], *, replace: bool) -> None:
    if others := other_connections():
        raise CannotMove(f"The PostgreSQL database is in use by {others} other connections: stop what uses it first.")
    call_command("migrate", interactive=False, verbosity=0)
    if not replace and (names := target.filled(every)):
        raise CannotMove(
            f"The PostgreSQL database is not empty: it has rows in {', '.join(names[:5])}{', …' * (len(names) > 5)}."
            " Name an empty one, or say --replace to throw away what is there."
        )


def _move(source: Source, every: Sequence[Table], progress: Progress) -> list[Moved]:
    counts = {table.name: source.count(table) for table in every}
    total = sum(counts.values())
    progress.begin("Copying", total)
    target.empty(every)
    sent, seconds = {}, {}
    with target.without_indexes(every):
        for table in every:
            began, sums = time.monotonic(), Sum(table)
            target.fill(table, _watched(converted(table, iter(source.rows(table))), sums, table, progress))
            sent[table.name], seconds[table.name] = sums, time.monotonic() - began
        progress.begin("Making indexes", 0)
    target.set_sequences(every, source.last_ids())
    target.look_at_the_data(every)
    progress.begin("Comparing", total)
    return [_compared(table, counts[table.name], sent[table.name], seconds[table.name], progress) for table in every]


def _watched(rows: Iterator[list[Any]], sums: Sum, table: Table, progress: Progress) -> Iterator[Sequence[Any]]:
    for row in rows:
        sums.add(row)
        if sums.rows % STEP == 0:
            progress.advance(table.name, STEP)
        yield row
    progress.advance(table.name, sums.rows % STEP)


def _compared(table: Table, count: int, sent: Sum, seconds: float, progress: Progress) -> Moved:
    began, kept = time.monotonic(), Sum(table)
    for _ in _watched(iter(target.rows(table)), kept, table, progress):  # type: ignore[arg-type]
        pass
    if not (count == sent.rows == kept.rows and sent.checksum == kept.checksum):
        raise CannotMove(
            f"{table.name} did not arrive as it was: {count} rows ({sent.checksum}) became {kept.rows}"
            f" ({kept.checksum}). Nothing was moved."
        )
    return Moved(table.name, kept.rows, kept.checksum, seconds + time.monotonic() - began)


def _start_afresh(now: datetime) -> None:
    let_go(now=now)
    # PostgreSQL keeps its indexes itself: a reader that nobody moves on would hold the log's retention back.
    Reader.objects.filter(name=SEARCH).delete()


def _told(error: DatabaseError) -> str:
    diagnosis = getattr(error.__cause__, "diag", None)
    parts = [getattr(diagnosis, name, None) for name in ("message_primary", "message_detail", "context")]
    return " ".join(f"{part}." for part in parts if part) or str(error)
