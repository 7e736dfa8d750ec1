"""Compares answers with the OpenAPI document of the v1 dialect, to the last field."""

from __future__ import annotations

import copy
import re
from functools import cache
from typing import Any

import orjson
from jsonschema import Draft202012Validator

from api.v1.docs.document import document
from api.v1.docs.operations import Operation, operations


@cache
def _strict() -> dict[str, Any]:
    """The document, allowing no field that it does not name."""
    return _closed(copy.deepcopy(document()))


def _closed(part: Any) -> Any:
    if isinstance(part, list):
        return [_closed(each) for each in part]
    if not isinstance(part, dict):
        return part
    part = {name: _closed(each) for name, each in part.items()}
    kinds = part.get("type", ())
    if "object" in ([kinds] if isinstance(kinds, str) else kinds) and isinstance(part.get("properties"), dict):
        part.setdefault("additionalProperties", False)
    return part


@cache
def _patterns() -> list[tuple[re.Pattern[str], Operation]]:
    # Paths without keys first: `/approvals/pending` is none of `/approvals/{id}`.
    found = sorted(operations(), key=lambda operation: operation.path.count("{"))
    return [(re.compile(re.sub(r"\{\w+\}", "[^/]+", each.path) + "/?"), each) for each in found]


def operation_at(method: str, path: str) -> Operation | None:
    path = path.partition("?")[0]
    return next((each for regex, each in _patterns() if each.method == method and regex.fullmatch(path)), None)


@cache
def _validator(name: str, path: str, method: str, status: int) -> Draft202012Validator | None:
    answers = _strict()["paths"][path][method]["responses"]
    assert str(status) in answers, f"{name} is not documented to answer {status}, only {', '.join(answers)}"
    content = answers[str(status)].get("content")
    if content is None:
        return None
    return Draft202012Validator({**content["application/json"]["schema"], "components": _strict()["components"]})


def check(method: str, path: str, status: int, raw: bytes) -> None:
    """Fails unless the document has this answer. What it does not know as an operation is not looked at."""
    operation = operation_at(method, path)
    if operation is None:
        return
    validator = _validator(operation.name, operation.path, method.lower(), status)
    if validator is None:
        assert raw == b"", f"{operation.name} is not documented to answer anything with {status}"
        return
    problems = [f"{error.json_path}: {error.message[:300]}" for error in validator.iter_errors(orjson.loads(raw))]
    assert not problems, f"{operation.name} answers {status} otherwise than documented: {'; '.join(problems[:5])}"
