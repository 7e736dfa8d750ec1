"""Inputs of tools as they may be kept: small enough, and without secrets.

The server never has the secrets of an input: the runner keeps what it sent. In what is kept, and shown to whoever
decides, a mark stands for each secret. An updated input may keep a mark where it stood: the runner puts its own secret
there again. What an updated input says in plain is what the runner gets, so a new secret in it is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import orjson

from core.errors import Invalid
from core.secrets import REDACTED, redact

LARGEST = 64 * 1024
DEEPEST = 30
# Whose whole value is a secret, whatever it looks like.
_NAMES_A_SECRET = re.compile(
    r"(?i).*(?:passw(?:or)?d|secret|(?:api|access|secret|private)[_-]?key|token|authorization|cookie)"
)
Path = tuple[str | int, ...]


def kept(input: dict[str, Any], *, field: str) -> dict[str, Any]:
    """The input without its secrets. Raises Invalid for one that is too large or too deep."""
    try:
        size = len(orjson.dumps(input))
    except (TypeError, ValueError):  # deeper than can be written again
        size = LARGEST + 1
    if size > LARGEST or any(len(path) > DEEPEST for path, _ in _texts(input)):
        raise Invalid.fields(f"{field}: must be at most {LARGEST // 1024} KiB and {DEEPEST} levels deep")
    cleaned: dict[str, Any] = _clean(storable(input), "")
    return cleaned


def storable(input: dict[str, Any]) -> dict[str, Any]:
    """Without NULs, which not every database takes."""
    text = orjson.dumps(input)
    if b"\\u0000" not in text:
        return input
    cleaned: dict[str, Any] = _without_nul(input)
    return cleaned


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, dict):
        return {key.replace("\0", ""): _without_nul(each) for key, each in value.items()}
    return [_without_nul(each) for each in value] if isinstance(value, list) else value


def check_update(updated: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any]:
    """An updated input that the runner can carry out. Raises Invalid for what would not reach it as it was meant."""
    field = "updatedInput"
    if kept(updated, field=field) != (updated := storable(updated)):
        raise Invalid.fields(f"{field}: must hold no secret, as none would reach the runner")
    marks = {path: text.count(REDACTED) for path, text in _texts(asked)}
    for path, text in _texts(updated):
        count = text.count(REDACTED)
        if count and marks.get(path, 0) != count:
            where = ".".join(map(str, path))
            raise Invalid.fields(f"{field}: has {REDACTED} at {where}, where the input has no such secret to put back")
    return updated


def _clean(value: Any, name: str) -> Any:
    if isinstance(value, str):
        return REDACTED if value and _NAMES_A_SECRET.fullmatch(name) else redact(value)[0]
    if isinstance(value, dict):
        return {key: _clean(each, key) for key, each in value.items()}
    if isinstance(value, list):
        return [_clean(each, name) for each in value]
    return value


def _texts(value: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif len(path) > DEEPEST:
        yield path, ""
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _texts(each, (*path, key))
    elif isinstance(value, list):
        for place, each in enumerate(value):
            yield from _texts(each, (*path, place))


def shortened(value: Any, longest: int) -> Any:
    """With each of its texts cut, for those who only need to know what it is about."""
    if isinstance(value, str):
        return value if len(value) <= longest else f"{value[:longest]}… ({len(value) - longest} more characters)"
    if isinstance(value, dict):
        return {key: shortened(each, longest) for key, each in value.items()}
    if isinstance(value, list):
        return [shortened(each, longest) for each in value]
    return value
