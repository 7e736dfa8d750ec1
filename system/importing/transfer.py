"""One import: the file, the report, and which row has become which."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

from django.db import connection, models
from rich.progress import Progress

from core.rows import places

from .models import ImportedRow, ImportedUpTo
from .report import Report
from .source import Row, Source

AT_ONCE = 2000
T = TypeVar("T")
M = TypeVar("M", bound=models.Model)


class Transfer:
    def __init__(self, source: Source, report: Report, *, name: str, now: datetime, progress: Progress) -> None:
        self.source, self.report, self.name, self.now, self.progress = source, report, name, now, progress
        self._maps: dict[str, dict[int, int]] = {}
        self._fresh: dict[str, dict[int, int]] = {}

    def map(self, table: str) -> dict[int, int]:
        """Ids there → ids here, of this run and the ones before."""
        if table not in self._maps:
            rows = ImportedRow.objects.filter(source=self.name, table=table)
            self._maps[table] = dict(rows.values_list("source_id", "target_id"))
        return self._maps[table]

    def here(self, table: str, id: Any) -> int | None:
        return self.map(table).get(id) if isinstance(id, int) else None

    def became(self, table: str, source_id: int, target_id: int) -> None:
        self.map(table)[source_id] = target_id
        self._fresh.setdefault(table, {})[source_id] = target_id

    def remember(self) -> None:
        """Write down what became what."""
        for table, fresh in self._fresh.items():
            rows = (
                ImportedRow(source=self.name, table=table, source_id=there, target_id=here)
                for there, here in fresh.items()
            )
            for some in batches(rows):
                ImportedRow.objects.bulk_create(some)
        self._fresh.clear()

    def new_rows(self, table: str, columns: tuple[str, ...], *, order: str = "id") -> Iterator[Row]:
        """Rows that no run before has brought over."""
        known = self.map(table)
        for row in self.watched(table, self.source.rows(table, columns, order=order), self.source.count(table)):
            if not isinstance(row["id"], int) or row["id"] <= 0:
                self.report.skip(table, "it has no usable id")
            elif row["id"] in known:
                self.report.known[table] += 1
            else:
                yield row

    def watched(self, table: str, rows: Iterable[T], total: int) -> Iterator[T]:
        bar = self.progress.add_task(table, total=total)
        for n, row in enumerate(rows, 1):
            yield row
            if n % AT_ONCE == 0:
                self.progress.update(bar, completed=n)
        self.progress.update(bar, completed=total)

    def last_brought(self, table: str) -> int:
        marks = ImportedUpTo.objects.filter(source=self.name, table=table)
        return marks.values_list("last_id", flat=True).first() or 0

    def brought_up_to(self, table: str, last: int) -> None:
        if last:
            ImportedUpTo.objects.update_or_create(source=self.name, table=table, defaults={"last_id": last})

    def add(self, table: str, rows: Iterable[tuple[int, M]]) -> None:
        """Insert rows under their own ids where these are free, else under new ones; `rows` are (id there, row)."""
        ids: FreeIds | None = None
        for some in batches(rows):
            ids = ids or FreeIds(type(some[0][1]))
            for there, row in some:
                row.pk = ids.take(there)
                self.became(table, there, row.pk)
            type(some[0][1])._base_manager.bulk_create([row for _, row in some])
            self.report.brought[table] += len(some)


class FreeIds:
    """The ids of a table that nobody has; 0 is asked for by rows without one of their own."""

    def __init__(self, model: type[models.Model]) -> None:
        self.taken = set(model._base_manager.values_list("pk", flat=True))
        self.next = max(self.taken, default=0) + 1

    def take(self, wanted: int) -> int:
        id = wanted if wanted > 0 and wanted not in self.taken else self._unused()
        self.taken.add(id)
        return id

    def _unused(self) -> int:
        # Above everything, so that an id there that comes later is not in the way.
        self.next = max(self.next, max(self.taken, default=0) + 1)
        return self.next


def batches(rows: Iterable[T]) -> Iterator[list[T]]:
    rows = iter(rows)
    while some := list(islice(rows, AT_ONCE)):
        yield some


def put(model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert plain values: for tables of millions of rows, where objects would take most of the time."""
    names = ", ".join(f'"{column}"' for column in columns)
    statement = f'INSERT INTO "{model._meta.db_table}" ({names}) VALUES ({places(columns)})'
    with connection.cursor() as cursor:
        for some in batches(rows):
            cursor.executemany(statement, some)
