"""Asking for permission: create the request, wait for its answer; whatever goes wrong is a no."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any

from missioncontrol_client.calls import work
from missioncontrol_client.calls.base import Call
from missioncontrol_client.errors import MissionControlError
from missioncontrol_client.secrets import put_back

from .sender import is_passing

# Of one long poll, and between polls where something is wrong.
WAIT, PAUSE = 25, 1.0
# How long the server may be away before that is an answer.
PATIENCE = 20.0
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Decision:
    """`input` is what the tool may be used with: what was asked for, or what whoever decided put in its place."""

    approved: bool
    input: Json
    status: str
    reason: str = ""
    request_id: str | None = None


@dataclass(slots=True)
class Wish:
    tool: str
    input: Json
    task_id: str | None = None
    run_id: str | None = None
    tool_use_id: str | None = None
    timeout: int = 300
    # What the server calls it, once it knows of it.
    request_id: str | None = None
    is_withdrawn: bool = field(default=False)


Asking = Generator[Call[Any] | float, Any, Decision]


def asking(wish: Wish, *, patience: float = PATIENCE, clock: Callable[[], float] = time.monotonic) -> Asking:
    """The steps: calls to make, whose answers (or errors) are sent in, and seconds to wait."""
    until = clock() + wish.timeout + patience
    try:
        found = yield from _stubborn(_request(wish), clock() + patience, clock)
        wish.request_id = found["requestId"]
        while found["status"] == "PENDING":
            if wish.is_withdrawn or clock() > until:
                found = yield work.withdraw_permission(wish.request_id)
                break
            call = work.read_permission(wish.request_id, wait=WAIT)
            found = yield from _stubborn(call, clock() + patience, clock)
    except MissionControlError as error:
        return Decision(False, wish.input, "TROUBLE", f"{error} ({error.code})", wish.request_id)
    return _decision(wish, found)


def _stubborn(call: Call[Any], until: float, clock: Callable[[], float]) -> Generator[Call[Any] | float, Any, Any]:
    while True:
        try:
            return (yield call)
        except MissionControlError as error:
            if not is_passing(error) or clock() > until:
                raise
        yield PAUSE


def _request(wish: Wish) -> Call[Any]:
    return work.request_permission(
        wish.tool.strip()[:200] or "unknown",
        wish.input,
        task_id=wish.task_id,
        run_id=wish.run_id,
        tool_use_id=wish.tool_use_id,
        timeout_seconds=wish.timeout,
    )


def _decision(wish: Wish, found: Any) -> Decision:
    approved = found["status"] == "APPROVED"
    updated, input = found.get("updatedInput"), wish.input
    if approved and isinstance(updated, dict):
        try:
            input = put_back(updated, found.get("input"), wish.input)
        except ValueError as error:
            return Decision(False, wish.input, "TROUBLE", f"The new input cannot be used: {error}", wish.request_id)
    policy = found.get("policyReason") if found["status"] == "DENIED" and found.get("decidedBy") == "policy" else None
    reason = found.get("reason") or policy or _UNSAID.get(found["status"], "")
    return Decision(approved, input, found["status"], str(reason), wish.request_id)


_UNSAID = {
    "DENIED": "Denied by an operator",
    "EXPIRED": "Nobody answered in time",
    "CANCELED": "The request was withdrawn",
}
