"""Rows in and out for the paths where building a query costs more than running it.

Statements are made once per model, from the model's own fields, so that they follow its migrations. Everything else
goes through the ORM.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar

import orjson
from django.db import DEFAULT_DB_ALIAS, connection, connections, models
from django.db.models.base import ModelState

from .errors import NotFound
from .ids import LARGEST_ID

M = TypeVar("M", bound=models.Model)
Values = dict[str, Any]
Record = tuple[Any, ...]
Conversion = Callable[[Any, Any], Any]
# Rows of one statement.
AT_ONCE = 50
# Fields whose values every database takes as they are; asking each field would take longer than inserting.
AS_THEY_ARE = {
    models.BigIntegerField, models.BooleanField, models.CharField, models.FloatField, models.ForeignKey,
    models.IntegerField, models.PositiveBigIntegerField, models.PositiveIntegerField,
    models.PositiveSmallIntegerField, models.TextField,
}  # fmt: skip


def look_up(rows: models.QuerySet[M], id: int | None) -> M | None:
    """The one of these rows with this id, or None, also for ids no column can hold."""
    return rows.filter(pk=id).first() if id is not None and 0 < id <= LARGEST_ID else None


def find(rows: models.QuerySet[M], id: int | None, missing: str) -> M:
    """The one of these rows with this id. Raises NotFound saying `missing`, also for ids no column can hold."""
    found = look_up(rows, id)
    if found is None:
        raise NotFound(missing)
    return found


def change(row: M, missing: str, **columns: Any) -> M:
    """Set columns of a row and read it again. Raises NotFound saying `missing` when it was removed meanwhile."""
    if not type(row)._default_manager.filter(pk=row.pk).update(**columns):
        raise NotFound(missing)
    row.refresh_from_db()
    return row


def fresh(model: type[M], /, **columns: Any) -> M:
    """A row that is not stored yet: what `model(**columns)` makes, at a fifth of its cost. Columns of relations are
    given by id."""
    row = model.__new__(model)
    fixed, made = _defaults(model)
    row.__dict__.update(fixed, _state=ModelState(), **columns)
    for name, make in made:
        if name not in columns:
            row.__dict__[name] = make()
    return row


def relate(row: models.Model, **related: models.Model) -> None:
    """Give a row the rows that its columns name already, at a tenth of what assigning each takes."""
    row._state.fields_cache.update(related)


@lru_cache(maxsize=256)
def _defaults(model: type[models.Model]) -> tuple[Values, list[tuple[str, Callable[[], Any]]]]:
    """The columns' defaults: those that all rows may share, and those that each has its own of."""
    fields = model._meta.local_concrete_fields
    made = [(field.attname, field.default) for field in fields if callable(field.default)]
    own = {name for name, _ in made} - {field.attname for field in fields if not field.has_default()}
    fixed = {field.attname: field.get_default() for field in fields if field.attname not in own}
    return fixed, [(name, make) for name, make in made if name in own]


def insert(rows: Sequence[models.Model]) -> None:
    """Insert new rows of one model and set their ids, which ascend in the order of the rows."""
    database = connections[DEFAULT_DB_ALIAS]
    for start in range(0, len(rows), AT_ONCE):
        some = rows[start : start + AT_ONCE]
        text, columns = _insert_statement(type(some[0]), database.vendor, len(some))
        values = [
            row.__dict__[name] if to is None else to(row.__dict__[name], database)
            for row in some
            for name, to in columns
        ]
        with database.cursor() as cursor:
            cursor.execute(text, values)
            ids = sorted(id for (id,) in cursor.fetchall())
        for row, id in zip(some, ids, strict=True):
            row.pk = id
            row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS


@lru_cache(maxsize=256)
def _insert_statement(
    model: type[models.Model], vendor: str, n: int
) -> tuple[str, list[tuple[str, Conversion | None]]]:
    meta = model._meta
    fields = [field for field in meta.local_concrete_fields if not field.primary_key]
    columns = ", ".join(f'"{field.column}"' for field in fields)
    values = ", ".join([f"({places(fields)})"] * n)
    text = f'INSERT INTO "{meta.db_table}" ({columns}) VALUES {values} RETURNING "{meta.pk.column}"'
    return text, [(field.attname, _conversion(field, vendor)) for field in fields]


def _conversion(field: Any, vendor: str) -> Conversion | None:
    if type(field) in AS_THEY_ARE:
        return None
    if type(field) is models.DateTimeField:
        return lambda value, database: database.ops.adapt_datetimefield_value(value)
    if type(field) is models.JSONField and vendor == "sqlite":
        return lambda value, database: None if value is None else orjson.dumps(value).decode()
    return lambda value, database: field.get_db_prep_save(value, database)


def _condition(where: Values) -> tuple[str, list[Any]]:
    conditions: list[str] = ["1=1"]
    parameters: list[Any] = []
    for column, value in where.items():
        if isinstance(value, list | tuple):
            conditions.append(f"t.{column} IN ({places(value)})")
            parameters += value
        else:
            conditions.append(f"t.{column} = %s")
            parameters.append(value)
    return " AND ".join(conditions), parameters


class Select:
    """`SELECT` of named columns of one model. Times come as Unix milliseconds, JSON as text that orjson embeds."""

    def __init__(
        self, model: type[models.Model], columns: Iterable[str], *, joined: dict[str, str] | None = None, join: str = ""
    ) -> None:
        self.model, self.join = model, join
        self.columns, self.joined = list(columns), joined or {}
        self.names = [*self.columns, *self.joined]
        self._text: dict[str, str] = {}

    def records(self, where: Values, *, order: str, limit: int, offset: int = 0) -> list[Record]:
        """`where` maps columns to a value, or to a list of which one must match. See `named`."""
        condition, parameters = _condition(where)
        text = f"{self._head()} WHERE {condition} ORDER BY {order} LIMIT %s OFFSET %s"
        return ask(text, [*parameters, limit, offset])

    def count(self, where: Values) -> int:
        return self._one("count(*)", where)

    def sum(self, column: str, where: Values) -> int:
        return self._one(f"coalesce(sum(t.{column}), 0)", where)

    def _one(self, figure: str, where: Values) -> int:
        condition, parameters = _condition(where)
        ((n,),) = ask(f'SELECT {figure} FROM "{self.model._meta.db_table}" t WHERE {condition}', parameters)
        return int(n)

    def named(self, record: Record) -> Values:
        named = dict(zip(self.names, record, strict=True))
        for name in self._json():
            text = named[name]
            named[name] = None if text is None else orjson.Fragment(text)
        return named

    @lru_cache(maxsize=4)  # noqa: B019 - there are a few of these, for the life of the process
    def _json(self) -> list[str]:
        return [name for name in self.columns if isinstance(self._field(name), models.JSONField)]

    def _head(self) -> str:
        vendor = connection.vendor
        if vendor not in self._text:
            shown = [*(self._expression(name, vendor) for name in self.columns), *self.joined.values()]
            self._text[vendor] = f'SELECT {", ".join(shown)} FROM "{self.model._meta.db_table}" t {self.join}'
        return self._text[vendor]

    def _field(self, name: str) -> Any:
        return next(field for field in self.model._meta.local_concrete_fields if field.attname == name)

    def _expression(self, name: str, vendor: str) -> str:
        field = self._field(name)
        column = f't."{field.column}"'
        if isinstance(field, models.DateTimeField):
            return f"({unix(column)} * 1000)"
        if isinstance(field, models.JSONField) and vendor == "postgresql":
            return f"{column}::text"
        return column


def unix(column: str) -> str:
    """SQL for a moment as whole Unix seconds, so that no text has to be read back into a datetime."""
    if connection.vendor == "postgresql":
        return f"floor(extract(epoch from {column}))::bigint"
    return f"CAST(strftime('%%s', {column}) AS INTEGER)"


def ask(text: str, parameters: Sequence[Any]) -> list[Record]:
    """The rows of a statement written by hand."""
    with connection.cursor() as cursor:
        cursor.execute(text, parameters)
        rows: list[Record] = cursor.fetchall()
    return rows


def probe() -> None:
    """Raises DatabaseError when the database does not answer."""
    ask("SELECT 1", [])


def places(values: Sequence[Any]) -> str:
    """`%s, %s, %s` for as many values."""
    return ", ".join(["%s"] * len(values)) or "NULL"


def adapted(moment: datetime) -> Any:
    """A moment as a parameter for SQL written by hand."""
    return connection.ops.adapt_datetimefield_value(moment)
