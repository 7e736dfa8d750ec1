"""Values of the other server as this one keeps them. Whatever cannot be read becomes the default."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson

from core.clock import LAST_SECOND
from core.ids import LARGEST_ID


def text(value: Any, longest: int | None = None, *, default: str = "") -> str:
    """Without NUL, which PostgreSQL cannot store."""
    if value is None:
        return default
    return str(value).replace("\0", "\ufffd")[:longest]


def maybe_text(value: Any, longest: int | None = None) -> str | None:
    return None if value is None else text(value, longest)


def whole(value: Any, *, low: int = 0, high: int = LARGEST_ID, default: int = 0) -> int:
    try:
        return min(max(int(value), low), high)
    except (TypeError, ValueError, OverflowError):
        return default


def maybe_whole(value: Any, *, low: int = 0, high: int = LARGEST_ID) -> int | None:
    return None if value is None or not low <= (n := whole(value, low=low - 1, default=low - 1)) <= high else n


def number(value: Any) -> float | None:
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if found == found and abs(found) < 1e15 else None


def moment(value: Any) -> datetime | None:
    """Unix seconds; what is too large for them is taken as milliseconds."""
    stamp = number(value)
    if stamp is None or stamp < 0:
        return None
    if stamp > LAST_SECOND:
        stamp /= 1000
    return datetime.fromtimestamp(stamp, UTC) if stamp <= LAST_SECOND else None


def json(value: Any, default: Any) -> Any:
    """Decoded, when it is of the default's kind."""
    if isinstance(value, str):
        try:
            found = orjson.loads(value.replace("\\u0000", "\\ufffd"))
        except orjson.JSONDecodeError:
            return default
        if isinstance(found, type(default)):
            return found
    return default


def json_text(value: Any) -> str | None:
    """As it is, if it can be read."""
    if not isinstance(value, str) or not value:
        return None
    clean: str = value.replace("\\u0000", "\\ufffd").replace("\0", "\ufffd")
    try:
        orjson.loads(clean)
    except orjson.JSONDecodeError:
        return None
    return clean
