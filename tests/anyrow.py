"""A row of any table, of this version's models or of an older one's: what every column takes."""

from __future__ import annotations

import secrets
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

from django.db import models

MOMENT = datetime(2026, 3, 4, 5, 6, 7, 89, tzinfo=UTC)
SIMPLE: dict[str, Any] = {
    "BooleanField": True,
    "FloatField": 1.25,
    "DateTimeField": MOMENT,
    "DateField": date(2026, 3, 4),
    "JSONField": {"a": [1, 100.0, 1e300, -0.5, None, True], "ü": "\U0001f600"},
}
Row = models.Model


def any_row(model: type[Row], **given: Any) -> Row:
    """Stored, with rows of the tables that it leads to."""
    values = {}
    for field in model._meta.local_concrete_fields:
        if field.attname in given or field.name in given or isinstance(field, models.AutoField):
            continue
        values[field.attname] = _value(field)
    return model._base_manager.create(**values, **given)


def _value(field: Any) -> Any:
    if field.is_relation:
        return _related(field)
    if field.choices:
        return next(value for value, _ in field.flatchoices)
    kind = field.get_internal_type()
    if kind in SIMPLE:
        return SIMPLE[kind]
    if kind == "UUIDField":
        return uuid4()
    if "SmallInteger" in kind:
        return 1
    if "Integer" in kind:
        # Beyond the numbers that rows have by themselves.
        return 1_000_000 + secrets.randbelow(1_000_000_000)
    text = secrets.token_hex(8)
    return text if field.max_length is None else text[: field.max_length]


def _related(field: Any) -> Any:
    model = field.related_model
    if model is field.model:
        return None
    row = None if field.unique else model._base_manager.order_by("pk").first()
    return (row or any_row(model)).pk
