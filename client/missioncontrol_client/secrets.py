"""Secrets that never left: the server has inputs with a mark for each, and whoever runs the tool puts them back."""

from __future__ import annotations

import re
from typing import Any

MARK = "[REDACTED]"


def put_back(updated: Any, shown: Any, own: Any) -> Any:
    """An input that somebody decided on, with one's own secrets for its marks.

    `own` is the input that was asked for, `shown` the same as the server has it. Raises ValueError for a mark whose
    secret cannot be told.
    """
    if isinstance(updated, str):
        return _filled(updated, shown, own) if MARK in updated else updated
    if isinstance(updated, dict):
        return {key: put_back(each, _at(shown, key), _at(own, key)) for key, each in updated.items()}
    if isinstance(updated, list):
        return [put_back(each, _at(shown, place), _at(own, place)) for place, each in enumerate(updated)]
    return updated


def _at(value: Any, key: str | int) -> Any:
    if isinstance(key, str):
        return value.get(key) if isinstance(value, dict) else None
    return value[key] if isinstance(value, list) and key < len(value) else None


def _filled(updated: str, shown: Any, own: Any) -> str:
    if not isinstance(shown, str) or not isinstance(own, str):
        raise ValueError("there is no such secret in the input that was asked for")
    pattern = "(.*?)".join(map(re.escape, shown.split(MARK)))
    found = re.fullmatch(pattern, own, re.DOTALL)
    pieces = updated.split(MARK)
    if found is None or len(found.groups()) != len(pieces) - 1:
        raise ValueError("it cannot be told which secret goes where")
    return "".join(piece + secret for piece, secret in zip(pieces, (*found.groups(), ""), strict=True))
