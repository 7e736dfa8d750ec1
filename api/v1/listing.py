"""Query parameters of lists."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db.models import QuerySet
from django.http import QueryDict
from pydantic import TypeAdapter, ValidationError

from core.errors import Invalid, NotFound

from .body import Moment
from .ids import row_id

Rows = TypeVar("Rows", bound=QuerySet[Any])

PAGE, LARGEST_PAGE = 50, 200
LARGEST_OFFSET = 2**53
WHOLE = re.compile(r"-?[0-9]{1,30}")


@dataclass(frozen=True, slots=True)
class Page:
    limit: int
    offset: int

    def has_more(self, shown: int, total: int) -> bool:
        return self.offset + shown < total


def page_of(query: QueryDict) -> Page:
    """Above the largest page is cut; what is no number, or too small, is refused."""
    return Page(
        min(_number(query, "limit", PAGE, least=1), LARGEST_PAGE),
        min(_number(query, "offset", 0, least=0), LARGEST_OFFSET),
    )


def _number(query: QueryDict, name: str, default: int, *, least: int) -> int:
    text = query.get(name, "")
    if not text:
        return default
    if not WHOLE.fullmatch(text) or int(text) < least:
        raise Invalid.fields(f"{name}: must be a whole number of at least {least}")
    return int(text)


def several(query: QueryDict, name: str) -> list[str]:
    """The values of a parameter that may be repeated, a comma list, or both."""
    return [word for text in query.getlist(name) for word in (part.strip() for part in text.split(",")) if word]


def words(query: QueryDict, name: str, known: Collection[str]) -> list[str]:
    """As `several`, of an enumeration."""
    values = several(query, name)
    for value in values:
        if value not in known:
            raise Invalid.fields(f"{name}: {value[:80]} is none of {', '.join(known)}")
    return values


def word(query: QueryDict, name: str, known: Collection[str], default: str) -> str:
    return (words(query, name, known) or [default])[0]


def older(rows: Rows, query: QueryDict, kind: str, *, at: str = "created_at") -> Rows:
    """Those before the one that `before` names by its id, or before that moment."""
    text = query.get("before", "")
    if not text:
        return rows
    try:
        return rows.filter(pk__lt=row_id(kind, text))
    except NotFound:
        pass
    try:
        # A plus sign that was not escaped arrives as a blank.
        return rows.filter(**{f"{at}__lt": TypeAdapter(Moment).validate_python(text.replace(" ", "+"))})
    except ValidationError:
        told = f"before: must be an id such as {kind}_12, or an ISO 8601 timestamp"
        raise Invalid.fields(told) from None
