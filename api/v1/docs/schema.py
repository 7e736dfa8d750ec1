"""The pieces that schemas of answers and parameters are made of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Schema = dict[str, Any]
TEXT: Schema = {"type": "string"}
WHOLE: Schema = {"type": "integer"}
COUNT: Schema = {"type": "integer", "minimum": 0}
NUMBER: Schema = {"type": "number"}
FLAG: Schema = {"type": "boolean"}
FREE: Schema = {"type": "object"}
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


def maybe(schema: Schema) -> Schema:
    if "type" not in schema or "enum" in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    return {**schema, "type": [schema["type"], "null"]}


def many(schema: Schema) -> Schema:
    return {"type": "array", "items": schema}


def each(schema: Schema) -> Schema:
    return {"type": "object", "additionalProperties": schema}


def has(*optional: str, **properties: Schema) -> Schema:
    """An object; every property is required unless its name is listed first."""
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional],
    }


def one_of(words: Iterable[str]) -> Schema:
    return {"type": "string", "enum": list(words)}


def only(value: Any) -> Schema:
    return {"const": value}


def id_of(kind: str) -> Schema:
    return {"type": "string", "pattern": f"^{kind}_(0|[1-9][0-9]*)$"}
