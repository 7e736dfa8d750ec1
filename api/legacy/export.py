"""Exports: the audit log, tasks, activities and pipeline runs, as CSV or JSON."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from typing import IO, Any

import orjson
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from rest_framework.request import Request

from accounts.access import limits
from api.schemas import FREE, TEXT, WHOLE, has, many
from core.clock import iso
from core.errors import Invalid
from system.services.exports import note_export

from .base import LegacyView
from .docs import describe
from .export_rows import KINDS, Row

DEFAULT, CAP = 10_000, 50_000
# What is larger than this waits on the disk, not in memory, until it is sent.
IN_MEMORY = 1024 * 1024
PIECE = 256 * 1024
NEEDS_QUOTES = frozenset(',"\n\r')


class Export(LegacyView):
    route = "export"
    limit = limits.HEAVY
    limited = frozenset({"GET"})

    @describe(
        "Rows of one kind, newest first, as a file: CSV, or JSON.",
        query=("type", "format", "since", "until", "limit"),
        answers={200: has(type=TEXT, exported_at=TEXT, count=WHOLE, data=many(FREE))},
    )
    def get(self, request: Request) -> HttpResponseBase:
        name = self.query("type")
        kind = KINDS.get(name)
        if kind is None:
            raise Invalid(f"type required: {', '.join(KINDS)}")
        format = "csv" if self.query("format") in ("", "csv") else "json"
        limit, _ = self.page(default=DEFAULT, cap=CAP)
        rows = kind.rows(self, limit)
        file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - closed with the answer
        count = write_csv(file, kind.columns, rows) if format == "csv" else write_json(file, rows)
        head = b"" if format == "csv" else self._head(name, count)
        note_export(actor=self.actor, now=self.now, type=name, format=format, rows=count, origin=self.origin)
        return answer(file, head, format=format, name=f"{kind.file}-{self.now.date().isoformat()}.{format}")

    def _head(self, name: str, count: int) -> bytes:
        """What stands before the rows."""
        start = orjson.dumps({"type": name, "exported_at": iso(self.now), "count": count})
        return start[:-1] + b',"data":'


def write_csv(file: IO[bytes], columns: Iterable[str], rows: Iterable[Row]) -> int:
    names = list(columns)
    file.write(",".join(names).encode())
    count = 0
    for row in rows:
        file.write(b"\n" + ",".join(cell(row[name]) for name in names).encode("utf-8", "replace"))
        count += 1
    return count


def cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = str(value)
    return '"' + text.replace('"', '""') + '"' if NEEDS_QUOTES.intersection(text) else text


def write_json(file: IO[bytes], rows: Iterable[Row]) -> int:
    count = 0
    file.write(b"[")
    for row in rows:
        file.write((b"," if count else b"") + orjson.dumps(row))
        count += 1
    file.write(b"]}")
    return count


def answer(file: IO[bytes], head: bytes, *, format: str, name: str) -> HttpResponseBase:
    """Whole when it is small, else in pieces."""
    size = file.tell()
    headers = {
        "Content-Type": "text/csv; charset=utf-8" if format == "csv" else "application/json",
        "Content-Disposition": f"attachment; filename={name}",
        "Content-Length": str(len(head) + size),
    }
    file.seek(0)
    if size <= IN_MEMORY:
        with file:
            return HttpResponse(head + file.read(), headers=headers)
    return StreamingHttpResponse(_pieces(file, head), headers=headers)


def _pieces(file: IO[bytes], head: bytes) -> Iterator[bytes]:
    with file:
        if head:
            yield head
        while piece := file.read(PIECE):
            yield piece
