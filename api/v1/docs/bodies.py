"""Bodies of requests as schemas, from the very shapes that read them."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema

from api.schemas import Schema
from api.v1.body import Shape

from .words import Words

TEMPLATE = "#/components/schemas/{model}"


class Untitled(GenerateJsonSchema):
    """Names of fields are titles enough."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def components(shapes: list[type[Shape]], *, changing: set[type[Shape]]) -> dict[str, Schema]:
    """The schemas of these shapes and of all within them, by their names. Of `changing` shapes, what is left out stays
    as it is: they have no defaults."""
    wanted: list[tuple[type[Shape], JsonSchemaMode]] = [(shape, "validation") for shape in dict.fromkeys(shapes)]
    _, found = models_json_schema(wanted, by_alias=True, ref_template=TEMPLATE, schema_generator=Untitled)
    names = {shape.__name__ for shape in changing}
    return {name: _plain(schema, changes=name in names) for name, schema in found.get("$defs", {}).items()}


def body_of(words: Words) -> Schema:
    assert words.body is not None
    whole = {"$ref": TEMPLATE.format(model=words.body.__name__)}
    if not words.parts:
        return whole
    parts = {name: {"$ref": TEMPLATE.format(model=shape.__name__)} for name, shape in words.parts.items()}
    return {"allOf": [whole, {"type": "object", "properties": parts}]}


# What pydantic calls limits where it has checks of our own around a number.
LIMITS = {"ge": "minimum", "le": "maximum"}


def _plain(schema: Schema, *, changes: bool) -> Schema:
    """Without titles; a default of null says no more than that the field may be left out."""
    schema = {key: value for key, value in schema.items() if key != "title"}
    fields = {name: _field(field) for name, field in schema.get("properties", {}).items()}
    for field in fields.values():
        if "default" in field and (changes or field["default"] is None):
            del field["default"]
    return {**schema, "properties": fields}


def _field(field: Schema) -> Schema:
    field = {LIMITS.get(key, key): value for key, value in field.items()}
    match field.pop("anyOf", []):
        case [{"type": str(kind)} as one, {"type": "null"}] if "enum" not in one:
            return {**field, **_field(one), "type": [kind, "null"]}
        case [*ways] if ways:
            return {**field, "anyOf": [_field(way) for way in ways]}
    return field
