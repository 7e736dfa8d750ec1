"""Reports of agents as the legacy dialect sends them. Pure functions from a body to what the domain takes, or None."""

from __future__ import annotations

import re
import uuid
from typing import Any, TypeGuard

import orjson

from core.ids import LARGEST_ID
from tokens.beats import Spent
from tokens.services import LARGEST_COUNT, Report

DEEPEST = 64
LONGEST_DURATION_MS = 604_800_000
# A backslash, a pair of surrogates, or half of one: texts that were cut in JavaScript may end in such a half.
SURROGATES = re.compile(
    rb"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
)
HALF = len(rb"\ud83d")


def parse(body: bytes) -> Any:
    """The body as JSON, or None, also when it is nested deeper than could ever be answered.

    Byte order marks are accepted; bytes that are no UTF-8 and halves of surrogate pairs become U+FFFD.
    """
    if body.startswith(b"\xef\xbb\xbf"):
        body = body[3:]
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        try:
            value = orjson.loads(_mended(body))
        except orjson.JSONDecodeError:
            return None
    if body.count(b"[") + body.count(b"{") > DEEPEST and not _is_flat_enough(value, DEEPEST):
        return None
    # PostgreSQL cannot store NUL in text.
    return _without_nul(value) if b"\\u0000" in body else value


def _mended(body: bytes) -> bytes:
    text = body.decode("utf-8", "replace").encode()
    return SURROGATES.sub(lambda found: rb"\ufffd" if len(found[0]) == HALF else found[0], text)


def _is_flat_enough(value: Any, levels: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels > 0 and all(_is_flat_enough(item, levels - 1) for item in inner)


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "\ufffd")
    if isinstance(value, list):
        return [_without_nul(item) for item in value]
    if isinstance(value, dict):
        return {_without_nul(key): _without_nul(item) for key, item in value.items()}
    return value


def utf16_length(text: str) -> int:
    """Lengths count UTF-16 units, as they always have for these clients."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def count_in(value: Any) -> int | None:
    """A whole number of tokens; `1500.0` is one too, as in JavaScript. None for anything else."""
    if type(value) is float and value.is_integer():
        value = int(value)
    return value if type(value) is int and 0 <= value <= LARGEST_COUNT else None


def spent_in(body: Any) -> Spent | None:
    """The `token_usage` of a beat; None unless it is complete and in range (the beat counts all the same)."""
    usage = body.get("token_usage") if isinstance(body, dict) else None
    if not isinstance(usage, dict):
        return None
    model = usage.get("model")
    tokens_in, tokens_out = count_in(usage.get("inputTokens")), count_in(usage.get("outputTokens"))
    if not (isinstance(model, str) and model.strip()) or tokens_in is None or tokens_out is None:
        return None
    return Spent(model.strip()[:200], tokens_in, tokens_out, id_in(usage.get("taskId")))


def connection_id_in(body: Any) -> uuid.UUID | None:
    value = body.get("connection_id") if isinstance(body, dict) else None
    try:
        return uuid.UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None


def id_in(value: Any) -> int | None:
    """The id of a row as number or text; None for anything else, which names no row."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19:
        value = int(value)
    if type(value) is float and value.is_integer():
        value = int(value)
    return value if type(value) is int and 0 < value <= LARGEST_ID else None


def report_in(body: Any, workspace_id: int) -> Report | None:
    """The body of `POST /api/tokens`; None when any field breaks its rule."""
    if not isinstance(body, dict):
        return None
    model, session = body.get("model"), body.get("sessionId")
    tokens_in, tokens_out = count_in(body.get("inputTokens")), count_in(body.get("outputTokens"))
    operation, duration = body.get("operation", "chat_completion"), body.get("duration")
    if not (_is_text(model, 200, trim=True) and _is_text(session, 512) and _is_text(operation, 100)):
        return None
    if tokens_in is None or tokens_out is None or tokens_in + tokens_out > LARGEST_COUNT:
        return None
    if not (duration is None or _is_duration(duration)) or not _is_reference(body.get("taskId")):
        return None
    return Report(
        workspace_id,
        model.strip(),
        session,
        tokens_in,
        tokens_out,
        operation,
        duration,
        id_in(body.get("taskId")),
    )


def _is_text(value: Any, longest: int, *, trim: bool = False) -> TypeGuard[str]:
    if not isinstance(value, str):
        return False
    return 1 <= utf16_length(value.strip() if trim else value) <= longest


def _is_reference(value: Any) -> bool:
    return type(value) in (int, float, str) or value is None


def _is_duration(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value <= LONGEST_DURATION_MS
