"""Schemas as rows that a page can show: one a field, fields of fields below it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .marking import line

Schema = dict[str, Any]
DEEPEST = 4
LIMITS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {}",
    "maxItems": "at most {}",
    "pattern": "as `{}`",
    "default": "usually `{}`",
}


@dataclass(frozen=True, slots=True)
class Field:
    """`link` is the component that it holds, if any."""

    name: str
    kind: str
    link: str
    required: bool
    notes: str
    depth: int


def kind_of(schema: Schema) -> tuple[str, str]:
    """The type in words, and the component it is of."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return name, name
    if "const" in schema:
        return repr(schema["const"]).lower(), ""
    if "allOf" in schema:
        return kind_of(schema["allOf"][0])
    for way in ("anyOf", "oneOf"):
        if way in schema:
            parts = [kind_of(part) for part in schema[way]]
            return " or ".join(kind for kind, _ in parts), next((link for _, link in parts if link), "")
    kinds = schema.get("type", "anything")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    return _of(kinds, schema)


def _of(kinds: list[str], schema: Schema) -> tuple[str, str]:
    if "array" in kinds:
        inner, link = kind_of(schema.get("items", {}))
        return " or ".join([f"list of {inner}", *(kind for kind in kinds if kind != "array")]), link
    if "object" in kinds and isinstance(schema.get("additionalProperties"), dict):
        inner, link = kind_of(schema["additionalProperties"])
        return f"map of {inner}", link
    shown = schema.get("format") if schema.get("format") in ("date-time", "uri") else None
    return " or ".join(shown if shown and kind == "string" else kind for kind in kinds), ""


def notes_of(schema: Schema) -> str:
    """Its description, words and limits."""
    inner = schema.get("items", {}) if "items" in schema else schema
    said = [schema["description"]] if "description" in schema else []
    ways = [inner, *inner.get("anyOf", ())]
    if words := next((way["enum"] for way in ways if "enum" in way), None):
        said.append("One of " + ", ".join(f"`{word}`" for word in words if word is not None) + ".")
    if limits := [words.format(schema[name]) for name, words in LIMITS.items() if _tells(schema, name)]:
        told = ", ".join(limits)
        said.append(f"{told[0].upper()}{told[1:]}.")
    return " ".join(said)


def _tells(schema: Schema, name: str) -> bool:
    """Whether there is such a limit, and it says more than the type does."""
    if name not in schema or (name == "pattern" and schema.get("format") == "date-time"):
        return False
    return schema[name] not in ([], {}) and (name, schema[name]) not in (("minimum", 0), ("minLength", 1))


def fields_of(schema: Schema, components: Schema, depth: int = 0) -> Iterator[Field]:
    """The fields of an object, or of the objects of a list; of a component only on the first level."""
    if depth > DEEPEST:
        return
    if "$ref" in schema and depth == 0:
        schema = components[schema["$ref"].rpartition("/")[2]]
    for part in [*schema.get("allOf", ()), *schema.get("anyOf", ())]:
        if "$ref" not in part or depth == 0:
            yield from fields_of(part, components, depth)
    if "items" in schema:
        yield from fields_of(schema["items"], components, depth or 1)
    required = set(schema.get("required", ()))
    for name, field in schema.get("properties", {}).items():
        kind, link = kind_of(field)
        yield Field(name, kind, link, name in required, line(notes_of(field)), depth)
        if not link:
            yield from fields_of(field, components, depth + 1)
