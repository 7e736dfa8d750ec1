"""What keeps SQLite's trigrams in step with the rows: a reader of the log, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import connection, transaction

from activity.catalogue import Kind
from activity.models import Event, Reader
from activity.readers import catch_up
from core.ages import Pace
from core.rows import places

from .sqlite import READER, SOURCES, TABLES

# Kinds after which a task may have another text.
TEXTS = {Kind.TASK_CREATED, Kind.TASK_UPDATED, Kind.TASK_TRANSITIONED, Kind.TASK_DELETED}
# Short transactions of one run: what is new comes in between.
TURNS = 100


def index_news(*, now: datetime) -> None:
    """Take in what the log tells since the last time. Nothing to do where the database keeps its indexes itself."""
    if connection.vendor != "sqlite":
        return
    Reader.objects.get_or_create(name=READER, defaults={"position": 0})
    while catch_up(READER, now=now):
        pass
    forget_pruned()


def is_behind() -> bool:
    """Whether the log tells something that is not taken in yet."""
    if connection.vendor != "sqlite":
        return False
    position = Reader.objects.filter(name=READER).values_list("position", flat=True).first()
    return position is None or Event.objects.settled().after(position).exists()


def read(page: Sequence[Event]) -> None:
    stories = [event.id for event in page if event.kind == Kind.STORY]
    tasks = {event.task_id for event in page if event.kind in TEXTS and event.task_id and _is_about_text(event)}
    _take_in("story", stories)
    _take_in("title", sorted(tasks))
    _take_in("description", sorted(tasks))


def _is_about_text(event: Event) -> bool:
    """A move on the board carries the whole task as well; only a change of a bare status says so."""
    return event.kind != Kind.TASK_TRANSITIONED or "task" in (event.data or {})


def _take_in(name: str, ids: Sequence[int]) -> None:
    if not ids:
        return
    table = TABLES[name]
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table} WHERE rowid IN ({places(ids)})", ids)
        cursor.execute(
            f"INSERT INTO {table} (rowid, scope, text) {SOURCES[name]} AND id IN ({places(ids)})",
            ids,
        )


def forget_pruned() -> None:
    """Drop the entries of stories that the log has forgotten."""
    first = Event.objects.filter(kind=Kind.STORY).order_by("id").values_list("id", flat=True).first()
    if first is None:
        return
    table, pace = TABLES["story"], Pace()
    for _ in range(TURNS):
        size = pace.size
        with pace.turn(), connection.cursor() as cursor:
            cursor.execute(
                f"DELETE FROM {table} WHERE rowid IN"
                f" (SELECT rowid FROM {table} WHERE rowid < %s ORDER BY rowid LIMIT {size})",
                [first],
            )
            gone = cursor.rowcount
        if gone < size:
            break
        pace.rest()


@transaction.atomic
def rebuild(*, now: datetime) -> None:
    """Make all entries anew from the rows, after somebody wrote past the log."""
    if connection.vendor != "sqlite":
        return
    last = Event.objects.order_by("-id").values_list("id", flat=True).first() or 0
    with connection.cursor() as cursor:
        for name, table in TABLES.items():
            cursor.execute(f"DELETE FROM {table}")
            cursor.execute(f"INSERT INTO {table} (rowid, scope, text) {SOURCES[name]}")
            cursor.execute(f"INSERT INTO {table} ({table}) VALUES ('optimize')")
    Reader.objects.update_or_create(name=READER, defaults={"position": last, "seen_at": now})
