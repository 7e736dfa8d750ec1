"""What the pages show: operations by their tags, in the order of the document, and the objects they speak of."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from .marking import blocks, line
from .schemas import Field, fields_of, kind_of, notes_of

Document = dict[str, Any]
METHODS = ("get", "post", "put", "patch", "delete")
PROPER_NAMES = {"Github": "GitHub", "Openapi": "OpenAPI"}


@dataclass(frozen=True, slots=True)
class Answer:
    status: str
    description: str
    kind: str
    link: str
    fields: list[Field]
    example: str

    @property
    def is_refusal(self) -> bool:
        return self.status >= "400"


@dataclass(frozen=True, slots=True)
class Operation:
    name: str
    method: str
    path: str
    title: str
    summary: str
    description: str
    parameters: list[Field]
    body: list[Field]
    body_kind: str
    body_link: str
    example: str
    answers: list[Answer]
    refusals: list[Answer]


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    operations: list[Operation]

    @property
    def anchor(self) -> str:
        return f"tag-{self.name.lower()}"


@dataclass(frozen=True, slots=True)
class Object:
    name: str
    notes: str
    fields: list[Field]


def groups_of(document: Document) -> list[Group]:
    found: dict[str, list[Operation]] = {}
    for path, methods in document["paths"].items():
        for method in METHODS:
            if method in methods:
                told = methods[method]
                name = (told.get("tags") or ["Other"])[0].capitalize()
                name = PROPER_NAMES.get(name, name)
                found.setdefault(name, []).append(_operation(path, method, told, document))
    return [Group(name, operations) for name, operations in found.items()]


def objects_of(document: Document) -> list[Object]:
    schemas = document["components"].get("schemas", {})
    named = sorted(schemas.items())
    return [Object(name, line(notes_of(schema)), list(fields_of(schema, schemas))) for name, schema in named]


def _operation(path: str, method: str, told: dict[str, Any], document: Document) -> Operation:
    schemas = document["components"].get("schemas", {})
    sent = told.get("requestBody", {}).get("content", {}).get("application/json", {})
    schema = sent.get("schema", {})
    kind, link = kind_of(schema) if schema else ("", "")
    answers = [_answer(status, answer, schemas) for status, answer in told["responses"].items()]
    return Operation(
        name=told["operationId"],
        method=method.upper(),
        path=path,
        title=told.get("summary", "").replace("`", ""),
        summary=line(told.get("summary", "")),
        description=blocks(told.get("description", "")),
        parameters=[_parameter(one, document) for one in told.get("parameters", ())],
        body=[] if link and "allOf" not in schema else list(fields_of(schema, schemas)),
        body_kind=kind,
        body_link=link,
        example=_pretty(sent.get("example")),
        answers=[answer for answer in answers if not answer.is_refusal],
        refusals=[answer for answer in answers if answer.is_refusal],
    )


def _parameter(told: dict[str, Any], document: Document) -> Field:
    if "$ref" in told:
        told = document["components"]["parameters"][told["$ref"].rpartition("/")[2]]
    schema = told["schema"]
    notes = f"{told.get('description', '')} {notes_of(schema)}".strip()
    return Field(told["name"], f"{kind_of(schema)[0]} ({told['in']})", "", told.get("required", False), line(notes), 0)


def _answer(status: str, told: dict[str, Any], schemas: dict[str, Any]) -> Answer:
    content = told.get("content", {}).get("application/json", {})
    schema = content.get("schema", {})
    kind, link = kind_of(schema) if schema else ("nothing", "")
    fields = [] if link or status >= "400" else list(fields_of(schema, schemas))
    return Answer(status, line(told.get("description", "")), kind, link, fields, _pretty(content.get("example")))


def _pretty(example: Any) -> str:
    return "" if example is None else json.dumps(example, indent=2, ensure_ascii=False)
