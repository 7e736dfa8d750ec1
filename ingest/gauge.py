"""The version of what a reader would see: where the log stands, and whether anything else was written since."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Protocol

from channels.db import database_sync_to_async
from django.conf import settings
from django.db import connection
from django.db.models import Max

from activity.models import Event


@dataclass(frozen=True, slots=True)
class Version:
    """`log` moves with every event; `writes` with every commit of anything, beats included."""

    log: tuple[int, ...]
    writes: tuple[int | str, ...]


class Gauge(Protocol):
    async def read(self) -> Version: ...


class SqliteGauge:
    """Reads the database's own change counter, on the event loop: a few microseconds, and never stale."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._database: sqlite3.Connection | None = None
        self._known: Version | None = None

    async def read(self) -> Version:
        if self._database is None:
            self._database = sqlite3.connect(self._path, timeout=5, isolation_level=None)
        (writes,) = self._database.execute("PRAGMA data_version").fetchone()
        if self._known is None or self._known.writes != (writes,):
            (last,) = self._database.execute("SELECT max(id) FROM activity_event").fetchone()
            self._known = Version((last or 0,), (writes,))
        return self._known


class QueryGauge:
    """On other databases one query tells. Ids may commit out of order there, so the rows past the settled prefix are
    counted as well: any commit moves one of the two numbers."""

    async def read(self) -> Version:
        version: Version = await database_sync_to_async(self._read)()
        return version

    def _read(self) -> Version:
        settled = Event.objects.settled().aggregate(last=Max("id"))["last"] or 0
        pending = Event.objects.filter(id__gt=settled).count()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_current_snapshot()::text")
            (snapshot,) = cursor.fetchone()
        return Version((settled, pending), (snapshot,))


def make_gauge() -> Gauge:
    if connection.vendor == "sqlite":
        return SqliteGauge(str(settings.DATABASES["default"]["NAME"]))
    return QueryGauge()
