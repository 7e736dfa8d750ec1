"""`manage.py move_to_postgres`: bring an installation from its SQLite file into the database of DATABASE_URL."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from pathlib import Path
from typing import IO, Any, cast

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from system.moving.move import Moved, move
from system.moving.source import CannotMove

NEXT = """
Everything is in PostgreSQL now. What to do next:
  1. Keep DATABASE_URL in the environment of every process, and start the server.
  2. Keep the data folder {folder}: its secrets sign sessions, and its backups stay where they are.
  3. Once all is well, put {file} aside. Nothing in it was changed; a server without DATABASE_URL would still run on it.
"""


class Command(BaseCommand):
    help = (
        "Bring an installation from its SQLite file into the PostgreSQL database that DATABASE_URL names: all of it,"
        " or nothing. Stop the server first; the file is only read."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--from", dest="file", type=Path, default=None, help="the SQLite file, if it is elsewhere")
        parser.add_argument("--replace", action="store_true", help="throw away what the PostgreSQL database holds")

    def handle(self, *args: Any, file: Path | None, replace: bool, **options: Any) -> None:
        source, began = file or settings.SQLITE_FILE, time.monotonic()
        console = Console(file=cast("IO[str]", self.stdout._out))
        with Bars(console) as bars:
            try:
                moved = move(source, replace=replace, now=timezone.now(), progress=bars)
            except CannotMove as error:
                raise CommandError(str(error)) from None
        show(moved, console, seconds=time.monotonic() - began)
        console.print(NEXT.format(folder=settings.DATA_DIR, file=source), markup=False, highlight=False, soft_wrap=True)


class Bars:
    """One bar for each step, with the table it is at and rows a second."""

    def __init__(self, console: Console) -> None:
        speed = TextColumn("{task.fields[rate]}")
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), speed, TimeRemainingColumn(),
            console=console,
        )  # fmt: skip
        self._what, self._bar, self._rows, self._began = "", TaskID(0), 0, 0.0

    def __enter__(self) -> Bars:
        self._progress.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._progress.stop()

    def begin(self, what: str, total: int) -> None:
        self._what, self._rows, self._began = what, 0, time.monotonic()
        self._bar = self._progress.add_task(what, total=total or None, rate="")

    def advance(self, table: str, rows: int) -> None:
        self._rows += rows
        rate = self._rows / max(time.monotonic() - self._began, 0.001)
        self._progress.update(self._bar, advance=rows, description=f"{self._what} {table}", rate=f"{rate:,.0f} rows/s")


def show(moved: list[Moved], console: Console, *, seconds: float) -> None:
    table = Table(title="Moved, read again and compared")
    for heading in ("Table", "Rows", "Checksum", "Seconds"):
        table.add_column(heading, justify="right" if heading in ("Rows", "Seconds") else "left", no_wrap=True)
    for one in moved:
        if one.rows:
            table.add_row(one.table, f"{one.rows:,}", one.checksum[:16], f"{one.seconds:.1f}")
    console.print(table)
    rows = sum(one.rows for one in moved)
    console.print(f"{rows:,} rows of {len(moved)} tables in {seconds:.1f} s ({rows / max(seconds, 0.001):,.0f} rows/s)")
