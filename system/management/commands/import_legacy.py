"""`manage.py import_legacy PATH`: bring over what another server kept in its SQLite file."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import IO, Any, cast

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn
from rich.table import Table

from system.importing.report import Report
from system.importing.run import import_from
from system.importing.source import NotASource


class Command(BaseCommand):
    help = (
        "Bring over what another server kept in its SQLite file, which is only read. Run it while this server is"
        " stopped. It may be run again: what has come over stays as it is here."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="tell what would come over, and keep nothing")
        parser.add_argument("--source", default="legacy", help="a name for that server, if there are several")

    def handle(self, *args: Any, path: Path, dry_run: bool, source: str, **options: Any) -> None:
        console = Console(file=cast("IO[str]", self.stdout._out))
        columns = [*Progress.get_default_columns()[:-1], MofNCompleteColumn(), TimeRemainingColumn()]
        with Progress(*columns, console=console) as progress:
            try:
                report = import_from(path, name=source[:100], dry_run=dry_run, now=timezone.now(), progress=progress)
            except NotASource as error:
                raise CommandError(str(error)) from None
        show(report, console, dry_run=dry_run)


def show(report: Report, console: Console, *, dry_run: bool) -> None:
    table = Table(title="Would come over" if dry_run else "Came over")
    for heading in ("Table", "New", "Known", "Left out"):
        table.add_column(heading, justify="left" if heading == "Table" else "right")
    left = report.summary()["skipped"]
    for name in dict.fromkeys([*report.brought, *report.known, *left]):
        table.add_row(name, *(str(figure) for figure in (report.brought[name], report.known[name], left.get(name, 0))))
    console.print(table)
    for (name, reason), n in report.skipped.items():
        console.print(f"Left out of {name}: {n} ({reason})", markup=False)
    for note in report.notes:
        console.print(note, markup=False)
