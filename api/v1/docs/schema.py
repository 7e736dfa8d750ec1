"""The pieces that schemas of answers and parameters are made of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from api.schemas import Schema

COUNT: Schema = {"type": "integer", "minimum": 0}
MOMENT: Schema = {
    "type": "string",
    "format": "date-time",
    "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$",
}
# People, and keys that act for them.
USER: Schema = {"type": "string", "pattern": "^(user|key)_(0|[1-9][0-9]*)$"}
SLUG: Schema = {"type": "string", "description": "An agent's id, as it was registered."}


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def one_of(words: Iterable[str]) -> Schema:
    return {"type": "string", "enum": list(words)}


def only(value: Any) -> Schema:
    return {"const": value}


def id_of(kind: str) -> Schema:
    return {"type": "string", "pattern": f"^{kind}_(0|[1-9][0-9]*)$"}
