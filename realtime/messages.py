"""What clients say on a WebSocket: read, checked, and either a wish or what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from accounts.models import DEFAULT_WORKSPACE
from core.ids import LARGEST_ID

from .wire.frames import DOMAIN

LARGEST_INPUT = 64 * 1024
INCLUDES = frozenset({DOMAIN})
BAD_INPUT = frozenset({"invalid_json", "unknown_type", "invalid_message"})


class Refused(Exception):
    """A message that is not followed. `code` and the text go back to the client."""

    def __init__(self, code: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.code = code
        self.more = more

    @property
    def is_bad_input(self) -> bool:
        return self.code in BAD_INPUT


@dataclass(frozen=True, slots=True)
class Subscribe:
    workspace_id: int
    since: int | None
    include: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    workspace_id: int | None


@dataclass(frozen=True, slots=True)
class Answer:
    request_id: str
    permission_id: int | None
    approved: bool
    updated_input: dict[str, Any] | None


Message = Subscribe | Unsubscribe | Answer


def read(text: str) -> Message:
    """Raises Refused."""
    try:
        said = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Refused("invalid_json", "The message is not JSON") from None
    if not isinstance(said, dict):
        raise Refused("invalid_json", "The message is not a JSON object")
    type = said.get("type")
    reader = READERS.get(type) if isinstance(type, str) else None
    if reader is None:
        raise Refused("unknown_type", f"type must be one of {', '.join(READERS)}")
    return reader(said)


def _invalid(field: str, rule: str, **more: Any) -> Refused:
    return Refused("invalid_message", f"{field} {rule}", **more)


def _subscribe(said: dict[str, Any]) -> Subscribe:
    workspace_id = _workspace_id(said)
    if workspace_id is None:
        raise Refused("forbidden", "This workspace is not yours to see")
    return Subscribe(workspace_id, _since(said), _include(said))


def _unsubscribe(said: dict[str, Any]) -> Unsubscribe:
    return Unsubscribe(_workspace_id(said))


def _workspace_id(said: dict[str, Any]) -> int | None:
    """None for what names no workspace that there could be."""
    named = said.get("workspaceId")
    if not isinstance(named, str):
        raise _invalid("workspaceId", "must be a string")
    return DEFAULT_WORKSPACE if named == "default" else _id(named, "ws")


def _since(said: dict[str, Any]) -> int | None:
    since = said.get("since")
    if since is None or (type(since) is int and 0 <= since <= LARGEST_ID):
        return since
    raise _invalid("since", "must be the eventId of an event")


def _include(said: dict[str, Any]) -> frozenset[str] | None:
    """None when nothing was said of it."""
    include = said.get("include")
    if include is None:
        return None
    if not isinstance(include, list) or not all(isinstance(word, str) and word in INCLUDES for word in include):
        raise _invalid("include", f"must be a list of these: {', '.join(INCLUDES)}")
    return frozenset(include)


def _answer(said: dict[str, Any]) -> Answer:
    request_id, approved, updated = (said.get(name) for name in ("requestId", "approved", "updatedInput"))
    if not isinstance(request_id, str):
        raise _invalid("requestId", "must be a string")
    if not isinstance(approved, bool):
        raise _invalid("approved", "must be true or false", requestId=request_id)
    if approved and updated is not None:
        if not isinstance(updated, dict):
            raise _invalid("updatedInput", "must be an object", requestId=request_id)
        if len(orjson.dumps(updated)) > LARGEST_INPUT:
            raise _invalid("updatedInput", "must be at most 64 KiB", requestId=request_id)
    return Answer(request_id[:200], _id(request_id, "perm"), approved, updated if approved else None)


def _id(text: str, kind: str) -> int | None:
    prefix, _, digits = text.partition("_")
    is_number = prefix == kind and digits.isascii() and digits.isdigit() and len(digits) < 20 and digits[0] != "0"
    return int(digits) if is_number and int(digits) <= LARGEST_ID else None


READERS: dict[str, Callable[[dict[str, Any]], Message]] = {
    "subscribe": _subscribe,
    "unsubscribe": _unsubscribe,
    "permission_response": _answer,
}
