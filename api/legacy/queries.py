"""What several routes read from the query in the same way: pages, stretches of time, lists of words."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from core.clock import LAST_SECOND, from_seconds

from .base import LegacyView, whole


def page_of(limit: int, offset: int) -> int | None:
    """The number of the page that begins at `offset`, from 1; None when pages have no length."""
    return offset // limit + 1 if limit else None


def words_of(text: str) -> list[str]:
    """The words of a list with commas, blanks and empty ones aside."""
    return [word.strip() for word in text.split(",") if word.strip()]


def moment_of(text: str, *, later: int = 0) -> datetime | None:
    """A time in Unix seconds, so many seconds later; None for junk, which filters nothing."""
    stamp = whole(text, -1)
    return from_seconds(min(stamp, LAST_SECOND) + later) if stamp >= 0 else None


def after(text: str) -> datetime | None:
    """Where "after this second" begins: rows are shown in whole seconds, and that one is excluded. None for junk."""
    return moment_of(text, later=1) if whole(text, 0) > 0 else None


def within(rows: QuerySet[Any], column: str, view: LegacyView) -> QuerySet[Any]:
    """Those between the query's `since` and `until`, both included, in whole seconds."""
    since, until = moment_of(view.query("since")), moment_of(view.query("until"), later=1)
    if since is not None:
        rows = rows.filter(**{f"{column}__gte": since})
    if until is not None:
        rows = rows.filter(**{f"{column}__lt": until})
    return rows
