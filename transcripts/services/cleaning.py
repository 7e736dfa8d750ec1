"""What agents said and did, without the secrets in it and no larger than an event of the log may be.

Done before the batch takes the database: looking for secrets takes time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

import orjson

from activity.catalogue import Kind
from core.errors import DomainError, Invalid
from core.secrets import redact
from governance.services.permissions.inputs import kept
from governance.services.permissions.telling import fitting

from .items import Item

# Of a result, in UTF-8; and how much of one is looked through.
LARGEST_RESULT, SEARCHED = 16 * 1024, 64 * 1024
Fields = dict[str, Any]


def clean(items: Sequence[Item]) -> dict[int, str]:
    """Clean the fields of each item in its place; returns what is wrong with those that cannot be taken."""
    refused = {}
    for (is_text, _), some in groupby(items, lambda item: (item.kind == Kind.AGENT_TEXT, item.run_id)):
        group = list(some)
        if is_text:
            _clean_chunks(group)
            continue
        for item in group:
            try:
                CLEAN[item.kind](item.fields)
            except DomainError as error:
                refused[item.index] = words(error)
    return refused


def words(error: DomainError) -> str:
    return "; ".join(error.details or [error.message]) if isinstance(error, Invalid) else error.message


def _clean_chunks(items: Sequence[Item]) -> None:
    """One speech in pieces: also without the secrets that go over the end of a piece."""
    for item, text in zip(items, clean_chunks([item.fields["text"] for item in items]), strict=True):
        item.fields["text"] = text


def clean_chunks(chunks: Sequence[str]) -> list[str]:
    clean = [redact(chunk)[0] for chunk in chunks]
    if len(clean) == 1:
        return clean
    joined = "".join(clean)
    whole, _ = redact(joined)
    if whole == joined:
        return clean
    pieces, at = [], 0
    for chunk in clean[:-1]:
        pieces.append(whole[at : at + len(chunk)])
        at += len(chunk)
    return [*pieces, whole[at:]]


def as_text(value: str | Fields) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _texts(*names: str) -> Callable[[Fields], None]:
    def clean_texts(fields: Fields) -> None:
        for name in names:
            if fields.get(name):
                fields[name] = redact(fields[name])[0]

    return clean_texts


def _tool(fields: Fields) -> None:
    """Long texts of an input are cut so that it fits into an event; raises Invalid for one that is beyond that."""
    fields["tool"] = redact(fields["tool"])[0]
    fields["input"] = fitting(kept(fields["input"], field="input"))[0] or {}


def _tool_result(fields: Fields) -> None:
    """One that is cut is text."""
    fields["tool"] = redact(fields["tool"])[0]
    result, is_cut = fields["result"], False
    if not isinstance(result, str):
        try:
            result = kept(result, field="result")
        except Invalid:
            result = orjson.dumps(result).decode()
    text = as_text(result)
    if len(text) > SEARCHED:
        text, is_cut = text[:SEARCHED], True
    if isinstance(result, str):
        result = text = redact(text)[0]
    if is_cut or len(text.encode()) > LARGEST_RESULT:
        result, is_cut = text.encode()[:LARGEST_RESULT].decode(errors="ignore"), True
    fields["result"], fields["truncated"] = result, is_cut or bool(fields.get("truncated"))


def _todos(fields: Fields) -> None:
    fields["todos"] = [{**one, "content": redact(one["content"])[0]} for one in fields["todos"]]


def _spawn_request(fields: Fields) -> None:
    request = fields["request"]
    agents = [{name: redact(text)[0] for name, text in one.items()} for one in request["agents"]]
    fields["request"] = {"agents": agents, "reason": redact(request["reason"])[0]}


CLEAN: dict[Kind, Callable[[Fields], None]] = {
    Kind.AGENT_SESSION: _texts("session_id"),
    Kind.AGENT_WORKING: _texts(),
    Kind.AGENT_TOOL: _tool,
    Kind.AGENT_TOOL_RESULT: _tool_result,
    Kind.AGENT_TODOS: _todos,
    Kind.AGENT_DONE: _texts("role"),
    Kind.AGENT_ERROR: _texts("error"),
    Kind.DELEGATION_UPDATED: _texts("to_role"),
    Kind.SPAWN_REQUESTED: _spawn_request,
}
