"""The document itself."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.conf import settings

from api.schemas import Schema

from .bodies import body_of, components
from .errors import COUNTED, ENVELOPES, HEADERS, headers, refusals
from .examples import Example, examples
from .guide import PARAMETERS, SCHEMES, description
from .objects import OBJECTS
from .operations import Operation, operations

SAID = {
    200: "Done.",
    201: "Made.",
    202: "Taken, as far as it could be.",
    204: "Done; there is nothing to show.",
}


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """OpenAPI 3.1, of every operation of the dialect."""
    found = operations()
    paths: dict[str, dict[str, Any]] = {}
    for operation in found:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Mission Control, /api/v1", "version": settings.VERSION, "description": description()},
        "tags": [{"name": name} for name in dict.fromkeys(operation.tag for operation in found)],
        "paths": paths,
        "components": {
            "schemas": _schemas(found),
            "parameters": PARAMETERS,
            "headers": HEADERS,
            "securitySchemes": SCHEMES,
        },
    }


def _schemas(found: list[Operation]) -> dict[str, Schema]:
    read = [(operation, shape) for operation in found if (shape := operation.words.body) is not None]
    parts = [shape for operation in found for shape in operation.words.parts.values()]
    changing = {shape for operation, shape in read if operation.method == "PATCH"}
    sent = components([*(shape for _, shape in read), *parts], changing=changing)
    shown = {**OBJECTS, **ENVELOPES}
    if both := sent.keys() & shown.keys():
        raise LookupError(f"Sent and shown have one name: {', '.join(sorted(both))}")
    return dict(sorted({**sent, **shown}.items()))


def _operation(operation: Operation) -> dict[str, Any]:
    words, example = operation.words, examples().get(operation.name)
    told: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [operation.tag],
        "summary": words.summary,
        "description": f"For: {operation.may}",
        "x-access": _access(operation),
        "security": _security(operation),
        "parameters": _parameters(operation, example.path if example else ""),
        "responses": {**_answers(operation, example), **_refusals(operation)},
    }
    if operation.who is not None:
        limit = operation.limit
        told["description"] += f"\n\nAt most {limit.allowed} requests in {limit.seconds} seconds ({limit.name})."
    if words.body is not None:
        content: dict[str, Any] = {"schema": body_of(words)}
        if example and example.request is not None:
            content["example"] = example.request
        told["requestBody"] = {"required": True, "content": {"application/json": content}}
    return told


def _access(operation: Operation) -> dict[str, Any]:
    who = operation.who
    if who is None:
        return {"public": True}
    return {"agents": who.agents, "people": who.people.word if who.people is not None else None}


def _security(operation: Operation) -> list[dict[str, list[str]]]:
    if operation.who is None:
        return [{}]
    names = list(SCHEMES) if operation.who.agents else [name for name in SCHEMES if name != "agentToken"]
    return [{name: []} for name in names]


def _parameters(operation: Operation, example: str) -> list[dict[str, Any]]:
    asked = urlsplit(example)
    keys = re.fullmatch(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", operation.path), asked.path)
    found: list[dict[str, Any]] = [
        {"name": key, "in": "path", "required": True, "schema": {"type": "string"}, **_shown(keys and keys[key])}
        for key in operation.keys
    ]
    for name, schema in operation.words.query.items():
        one = {"name": name, "in": "query", "required": schema.get("required", False)}
        if "description" in schema:
            one["description"] = schema["description"]
        value: Any = ",".join(parse_qs(asked.query).get(name, [])) or None
        if schema["type"] == "array":
            one |= {"style": "form", "explode": False}
            value = value and value.split(",")
        elif schema["type"] == "integer":
            value = value and int(value)
        rest = {key: part for key, part in schema.items() if key not in ("required", "description")}
        found.append({**one, "schema": rest, **_shown(value)})
    names = ["RequestId"]
    if operation.who is not None and operation.who.agents:
        names.append("AgentId")
    if operation.is_idempotent:
        names.append("IdempotencyKey")
    return [*found, *({"$ref": f"#/components/parameters/{name}"} for name in names)]


def _shown(value: Any) -> dict[str, Any]:
    return {"example": value} if value else {}


def _answers(operation: Operation, example: Example | None) -> dict[str, Any]:
    counted = COUNTED if operation.who is not None else {}
    replayed = {"X-Idempotent-Replay": "IdempotentReplay"} if operation.is_idempotent else {}
    found = {}
    for status, schema in sorted(operation.words.answers.items()):
        if status >= 400:
            continue
        answer: dict[str, Any] = {"description": SAID[status], "headers": headers(counted, replayed)}
        if schema is not None:
            content: dict[str, Any] = {"schema": schema}
            if example and example.status == status:
                content["example"] = example.answer
            answer["content"] = {"application/json": content}
        found[str(status)] = answer
    return found


def _refusals(operation: Operation) -> dict[str, Any]:
    shapes = {status: schema for status, schema in operation.words.answers.items() if status >= 400 and schema}
    return refusals(operation.codes, shapes, counted=operation.who is not None)
