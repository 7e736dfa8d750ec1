"""Strategies for what clients should not send, built from the OpenAPI document."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import quote

from drf_spectacular.generators import SchemaGenerator
from hypothesis import strategies as st

# All of Unicode: control characters, NUL and lone surrogates included.
TEXT = st.text(st.characters(), max_size=30)
LONG = st.sampled_from(["x" * 101, "x" * 513, "🛰" * 300, "x" * 6000, "\0" * 20, "\ud800", "' OR 1=1 --", "%", "../.."])
NUMBERS = st.one_of(
    st.integers(-3, 300),
    st.sampled_from([2**31, 2**53 - 1, 2**53, 2**63 - 1, 2**63, 2**64, 10**30, -(2**63) - 1, 0.5, -0.0, 1e300, 1e-300]),
)
LEAVES = st.one_of(st.none(), st.booleans(), NUMBERS, TEXT, LONG)
JUNK = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3))
RAW = st.one_of(
    st.binary(max_size=40),
    st.sampled_from(
        [
            b"",
            b"{",
            b"null",
            b"NaN",
            b'"\\ud800"',
            b'{"a":1,}',
            b"\xff\xfe{}",
            b"\xef\xbb\xbf{}",
            b"[" * 5000,
            b"[" * 900 + b"]" * 900,
            b'{"a":' * 300 + b"1" + b"}" * 300,
        ]
    ),
)


@dataclass(frozen=True)
class Operation:
    """One method of one route, as documented."""

    method: str
    path: str
    query: tuple[str, ...]
    body: dict[str, Any] | None
    answers: dict[str, Any] = field(hash=False, compare=False)

    def __repr__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True)
class Question:
    """One request of such an operation."""

    operation: Operation
    path: str
    body: bytes
    caller: str
    agent_name: str


@cache
def document() -> dict[str, Any]:
    return dict(SchemaGenerator().get_schema(request=None, public=True))


@cache
def operations() -> list[Operation]:
    found = []
    for path, methods in document()["paths"].items():
        for method, spec in methods.items():
            query = tuple(p["name"] for p in spec.get("parameters", []) if p["in"] == "query")
            body = _schema(spec["requestBody"]) if "requestBody" in spec else None
            answers = {status: _schema(answer) for status, answer in spec["responses"].items() if "content" in answer}
            found.append(Operation(method.upper(), path, query, body, answers))
    return found


def _schema(spec: dict[str, Any]) -> dict[str, Any]:
    schema = spec["content"]["application/json"]["schema"]
    while "$ref" in schema:
        schema = document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return dict(schema)


def questions(operation: Operation, *, keys: list[str], callers: list[str]) -> st.SearchStrategy[Question]:
    """`keys` are path keys that name something, `callers` names of credentials."""
    key = st.one_of(
        st.sampled_from(keys),
        NUMBERS.map(str),
        st.text(st.characters(exclude_characters="/"), min_size=1, max_size=20),
    ).filter(lambda text: text not in (".", ".."))
    value = st.one_of(TEXT, LONG, NUMBERS.map(str), st.sampled_from(["true", "all", "day", "stats", "csv", "", *keys]))
    query = st.lists(st.tuples(st.sampled_from([*operation.query, "unknown"]), value), max_size=4)
    return st.builds(
        lambda key, query, body, caller, name: Question(
            operation,
            operation.path.replace("{key}", quoted(key)) + "".join(_pairs(query)),
            body,
            caller,
            name,
        ),
        key,
        query,
        bodies(operation.body),
        st.sampled_from(callers),
        st.one_of(st.just(""), st.just(""), st.just(""), st.sampled_from(["nova", "aé\x7f !"])),
    )


def bodies(schema: dict[str, Any] | None) -> st.SearchStrategy[bytes]:
    if schema is None:
        return st.one_of(st.just(b""), RAW)
    names = list(schema.get("properties", ()))
    broken = st.dictionaries(st.sampled_from([*names, "unknown"]), JUNK, max_size=2)
    nearly = st.builds(lambda whole, parts: {**whole, **parts}, good(schema), broken)
    return st.one_of(good(schema).map(as_json), nearly.map(as_json), nearly.map(as_json), JUNK.map(as_json), RAW)


def good(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """What the document allows, as odd as it allows it."""
    while "$ref" in schema:
        schema = document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "properties" in schema:
        parts = {name: good(part) for name, part in schema["properties"].items()}
        required = {name: parts.pop(name) for name in schema.get("required", ())}
        return st.fixed_dictionaries(required, optional=parts)
    kinds = schema.get("type", "object")
    return st.one_of([_of_kind(kind, schema) for kind in ([kinds] if isinstance(kinds, str) else kinds)])


def _of_kind(kind: str, schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    if kind == "array":
        return st.lists(good(schema.get("items", {})), min_size=1, max_size=3)
    low, high = schema.get("minimum", 0), schema.get("maximum", 2**40)
    return {
        "string": st.one_of(st.sampled_from(["nova", "@nova hi", "x"]), TEXT.map(lambda text: text or "x")),
        "integer": st.integers(low, high),
        "number": st.integers(low, high),
        "boolean": st.booleans(),
        "null": st.none(),
        "object": st.dictionaries(TEXT, JUNK, max_size=3),
    }[kind]


def as_json(value: Any) -> bytes:
    return json.dumps(value).encode()


def quoted(text: str) -> str:
    return quote(text, safe="", errors="surrogatepass")


def _pairs(query: list[tuple[str, str]]) -> list[str]:
    return [f"{'&' if n else '?'}{name}={quoted(value)}" for n, (name, value) in enumerate(query)]
