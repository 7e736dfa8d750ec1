"""Requests that clients should not send, built from the OpenAPI document of the v1 dialect."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from api.v1.docs.document import document
from tests.api.odd import JUNK, LONG, NUMBERS, RAW, TEXT, as_json, quoted

MOMENTS = ["2026-02-01T10:00:00Z", "0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59Z", "2026-02-01T10:00:00", "x"]
ID = re.compile(r"\b([a-z]+)_[0-9]+\b")
DURATIONS = ["1h", "30d", "0s", "999999999w", "1", "h"]


@dataclass(frozen=True)
class Operation:
    """One method of one route, as documented."""

    method: str
    path: str
    query: dict[str, Any]
    body: dict[str, Any] | None
    # What is sent in its example, and the id in the address of it.
    sent: dict[str, Any] | None
    id: str

    def __repr__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True)
class Question:
    """One request of such an operation."""

    method: str
    path: str
    body: bytes
    caller: str
    headers: dict[str, str]


def documented() -> list[Operation]:
    found = []
    for path, methods in document()["paths"].items():
        for method, told in methods.items():
            query = {one["name"]: one["schema"] for one in told["parameters"] if one.get("in") == "query"}
            body = told.get("requestBody", {}).get("content", {}).get("application/json", {})
            id = next((one["example"] for one in told["parameters"] if one.get("in") == "path"), "")
            found.append(Operation(method.upper(), path, query, body.get("schema"), body.get("example"), id))
    return found


def questions(operation: Operation, *, ids: list[str], callers: list[str]) -> st.SearchStrategy[Question]:
    """`ids` are those of objects that are there."""
    odd_id = st.one_of(NUMBERS.map(str), st.text(st.characters(exclude_characters="/"), min_size=1, max_size=20))
    fitting = st.just(_there(operation.id, ids))
    id = st.one_of(fitting, fitting, fitting, st.sampled_from(ids), odd_id).filter(lambda text: text not in (".", ".."))
    return st.builds(
        lambda id, query, body, caller, headers: Question(
            operation.method,
            operation.path.replace("{id}", quoted(id)) + _asked(query),
            body,
            caller,
            {name: value for name, value in headers.items() if value},
        ),
        id,
        st.lists(_pair(operation, ids), max_size=4),
        _bodies(operation, ids),
        st.sampled_from(callers),
        st.fixed_dictionaries(
            {
                "x_idempotency_key": st.sampled_from(["", "", "", "k1", "caf\xe9", "k" * 256, "\x7f"]),
                "x_agent_id": st.sampled_from(["", "", "", "jordan", "nobody", "\xff"]),
            }
        ),
    )


def _pair(operation: Operation, ids: list[str]) -> st.SearchStrategy[tuple[str, str]]:
    junk = st.one_of(TEXT, LONG, NUMBERS.map(str), st.sampled_from(["", ",", *ids, *MOMENTS]))
    pairs = [st.tuples(st.just("unknown"), junk)]
    for name, schema in operation.query.items():
        fine = good(schema, ids).map(lambda value: ",".join(value) if isinstance(value, list) else str(value))
        pairs += [st.tuples(st.just(name), fine), st.tuples(st.just(name), junk)]
    return st.one_of(pairs)


def _there(text: str, ids: list[str]) -> str:
    """The example's ids as those of objects of the same kind that are there."""
    kinds = {id.partition("_")[0]: id for id in reversed(ids)}
    return ID.sub(lambda found: kinds.get(found[1], found[0]), text)


def _bodies(operation: Operation, ids: list[str]) -> st.SearchStrategy[bytes]:
    if operation.body is None:
        return st.one_of(st.just(b""), RAW)
    fine = good(operation.body, ids)
    names = sorted(_names(operation.body))
    example = json.loads(_there(json.dumps(operation.sent), ids))
    begun = st.builds(lambda other: {**other, **example}, fine)
    broken = st.dictionaries(st.sampled_from([*names, "status", "unknown"]), JUNK, max_size=2)
    nearly = st.builds(lambda whole, parts: {**whole, **parts}, st.one_of(st.just(example), begun, fine), broken)
    mixed = st.builds(lambda other, name: {**example, name: other.get(name)}, fine, st.sampled_from(names))
    return st.one_of(*(each.map(as_json) for each in (fine, begun, nearly, nearly, mixed, mixed)), RAW)


def _names(schema: dict[str, Any]) -> set[str]:
    schema = _found(schema)
    return set(schema.get("properties", ())).union(*(_names(part) for part in schema.get("allOf", ())))


def _found(schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def good(schema: dict[str, Any], ids: list[str]) -> st.SearchStrategy[Any]:
    """What the document allows, as odd as it allows it."""
    schema = _found(schema)
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "anyOf" in schema:
        return st.one_of([good(part, ids) for part in schema["anyOf"]])
    if "allOf" in schema:
        parts = [good(part, ids) for part in schema["allOf"]]
        return st.tuples(*parts).map(lambda found: {name: value for one in found for name, value in one.items()})
    if "properties" in schema:
        fields = {name: good(part, ids) for name, part in schema["properties"].items()}
        required = {name: fields.pop(name) for name in schema.get("required", ())}
        return st.fixed_dictionaries(required, optional=fields)
    kinds = schema.get("type", "object")
    return st.one_of([_of_kind(kind, schema, ids) for kind in ([kinds] if isinstance(kinds, str) else kinds)])


def _of_kind(kind: str, schema: dict[str, Any], ids: list[str]) -> st.SearchStrategy[Any]:
    low, high = schema.get("minimum", 0), schema.get("maximum", 2**40)
    if kind == "array":
        least = schema.get("minItems", 0)
        return st.lists(good(schema.get("items", {}), ids), min_size=least, max_size=max(least, 3))
    if schema.get("format") == "date-time":
        return st.sampled_from(MOMENTS)
    return {
        "string": st.one_of(st.sampled_from([*ids, *DURATIONS]), TEXT.map(lambda text: text or "x"), LONG),
        "integer": st.integers(low, high),
        "number": st.one_of(st.integers(int(low), int(high)), st.floats(low, high)),
        "boolean": st.booleans(),
        "null": st.none(),
        "object": st.dictionaries(TEXT, JUNK, max_size=3),
    }[kind]


def _asked(query: list[tuple[str, str]]) -> str:
    return "".join(f"{'&' if n else '?'}{name}={quoted(value)}" for n, (name, value) in enumerate(query))
