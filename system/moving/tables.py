"""The tables that move, and how each value is written in either database."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import blake2b
from typing import Any
from uuid import UUID

import orjson
from django.apps import apps
from django.db.models import Field, Model

Value = Any
Conversion = Callable[[Any], Value]
# PostgreSQL takes neither in texts: what the edges of the product put in their place.
REPLACEMENT = "\ufffd"
# Written in the escapes of JSON.
SUSPECT = re.compile(r"\\u(0000|d[89a-f])", re.IGNORECASE)
# From here on a number of JSON may come back written otherwise.
EXACT = 2**53


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    convert: Conversion
    is_json: bool
    # What fits: characters of a text, or the bounds of a number.
    length: int | None = None
    bounds: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Table:
    name: str
    key: str
    columns: tuple[Column, ...]

    @property
    def listed(self) -> str:
        return ", ".join(f'"{column.name}"' for column in self.columns)


def tables() -> list[Table]:
    """Every table of a model, those of pure relations included."""
    models = [model for model in apps.get_models(include_auto_created=True) if _has_table(model)]
    return [_table(model) for model in models]


def _has_table(model: type[Model]) -> bool:
    return model._meta.managed and not model._meta.proxy


def _table(model: type[Model]) -> Table:
    columns = tuple(_column(field) for field in model._meta.local_concrete_fields)
    assert model._meta.pk is not None
    return Table(model._meta.db_table, str(model._meta.pk.column), columns)


def _column(field: Field[Any, Any]) -> Column:
    name, plain = str(field.column), field
    while plain.is_relation:
        plain = plain.target_field  # type: ignore[attr-defined]
    kind = plain.get_internal_type()
    return Column(
        name,
        CONVERSIONS.get(kind, str),
        kind == "JSONField",
        length=plain.max_length if kind in LIMITED else None,
        bounds=next((bounds for word, bounds in BOUNDS.items() if word in kind), None),
    )


# -- from SQLite's storage --------------------------------------------------------------------------------------------
def _text(value: Any) -> str:
    text = value if isinstance(value, str) else str(value)
    return text.replace("\0", REPLACEMENT) if "\0" in text else text


def _moment(value: str) -> datetime:
    moment = datetime.fromisoformat(value)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _json(value: Any) -> str:
    text = str(value)
    if not SUSPECT.search(text):
        return text
    return json.dumps(_clean(json.loads(text)), ensure_ascii=False)


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        whole = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return whole.replace("\0", REPLACEMENT)
    if isinstance(value, list):
        return [_clean(one) for one in value]
    if isinstance(value, dict):
        return {_clean(name): _clean(one) for name, one in value.items()}
    return value


CONVERSIONS: dict[str, Conversion] = {
    **dict.fromkeys(("CharField", "TextField", "SlugField"), _text),
    **dict.fromkeys(("AutoField", "BigAutoField", "SmallAutoField", "IntegerField", "BigIntegerField"), int),
    **dict.fromkeys(("SmallIntegerField", "PositiveIntegerField", "PositiveBigIntegerField"), int),
    "PositiveSmallIntegerField": int,
    "BooleanField": bool,
    "FloatField": float,
    "DateTimeField": _moment,
    "DateField": date.fromisoformat,
    "JSONField": _json,
    "UUIDField": UUID,
}
LIMITED = {"CharField", "SlugField"}
BIG, NORMAL, SMALL = (-(2**63), 2**63 - 1), (-(2**31), 2**31 - 1), (-(2**15), 2**15 - 1)
# By a part of the kind's name; the first one counts.
BOUNDS = {"BigInteger": BIG, "BigAuto": BIG, "SmallInteger": SMALL, "Integer": NORMAL, "AutoField": NORMAL}


# -- the same in both -------------------------------------------------------------------------------------------------
class Sum:
    """How many rows, and a checksum of them that does not depend on their order."""

    def __init__(self, table: Table) -> None:
        self._json = [place for place, column in enumerate(table.columns) if column.is_json]
        self.rows = self._total = 0

    def add(self, row: Sequence[Value]) -> None:
        values = list(row)
        for place in self._json:
            if (text := values[place]) is not None:
                values[place] = _same(_parsed(text))
        digest = blake2b(orjson.dumps(values, option=orjson.OPT_SORT_KEYS), digest_size=16).digest()
        self.rows += 1
        self._total = (self._total + int.from_bytes(digest, "big")) % 2**128

    @property
    def checksum(self) -> str:
        return f"{self._total:032x}"


def _parsed(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return json.loads(text)


def _same(value: Any) -> Any:
    """Numbers as both databases would tell them: PostgreSQL keeps 1e2 as 100."""
    kind = type(value)
    if kind is dict:
        return {name: _same(one) for name, one in value.items()}
    if kind is list:
        return [_same(one) for one in value]
    if kind is float and value.is_integer() and abs(value) < EXACT:
        return int(value)
    if kind is int and abs(value) >= EXACT:
        return float(value)
    return value


def converted(table: Table, rows: Iterator[Sequence[Any]]) -> Iterator[list[Value]]:
    conversions = [column.convert for column in table.columns]
    for row in rows:
        yield [None if value is None else convert(value) for value, convert in zip(row, conversions, strict=True)]
