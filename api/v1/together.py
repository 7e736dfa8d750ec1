"""Reports of runs, many at a time: what `runs.py` answers one by one, in one transaction for all that came together.

Only what goes well is answered here, by the same shapes, services and words. Everything else, from a broken body to a
limit that is reached, is handed back unanswered, with nothing done for it: its view answers it, as if it had come
there first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from django.db import transaction
from django.utils import timezone

from accounts.access.limits import V1_EVENTS, limiter
from accounts.access.v1 import TABLE
from accounts.credentials import Presented, resolve
from accounts.scopes import ip_by
from accounts.services.calls import Call, keep_calls, known_calls
from core.actors import Actor
from core.errors import DomainError
from core.http import Headers, headers_of, key_in, text_of
from core.ratelimit import Usage
from governance.services.booking import Booked
from governance.services.booking_together import Correction, New, book_together

from .base import COUNTED, Utf8JsonRenderer, counted_for
from .body import json_in, read
from .ids import row_id
from .once import call_of, check_key
from .runs import NewRun, RunChange, booked_out, changes_of, not_ahead, report_of

RUNS = "/api/v1/events/run"
ONE_RUN = f"{RUNS}/"
CONTENT_TYPE = f"{Utf8JsonRenderer.media_type}; charset={Utf8JsonRenderer.charset}".encode()
Request = tuple[dict[str, Any], bytes]
Answer = tuple[int, list[tuple[bytes, bytes]], bytes]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that may be answered here."""

    status: int
    report: New | Correction
    usage: Usage
    call: Call | None


def takes(method: str, path: str) -> bool:
    return path == RUNS if method == "POST" else method == "PATCH" and path.startswith(ONE_RUN)


def answer(requests: Sequence[Request]) -> list[Answer | None]:
    """One answer for each, durable when this returns; None for those that their view must answer."""
    asked = [_read(scope, body) for scope, body in requests]
    taken = {place: one for place, one in enumerate(asked) if one is not None}
    answers: list[Answer | None] = [None] * len(asked)
    if taken:
        for place, found in _book(taken).items():
            answers[place] = found
    return answers


@transaction.atomic
def _book(asked: dict[int, Asked]) -> dict[int, Answer]:
    now = timezone.now()
    known = known_calls([one.call for one in asked.values() if one.call])
    fresh: dict[int, Asked] = {}
    for place, one in asked.items():
        if one.call is None or one.call.name not in known:
            fresh[place] = one
            known |= {one.call.name} if one.call else set()
    outcomes = book_together([one.report for one in fresh.values()], now=now)
    answers, calls = {}, []
    for (place, one), booked in zip(fresh.items(), outcomes, strict=True):
        if booked is None:
            continue
        answers[place] = _answer(one, booked)
        if one.call is not None:
            calls.append((one.call, one.status, answers[place][2].decode()))
    keep_calls(calls, now=now)
    return answers


def _answer(one: Asked, booked: Booked) -> Answer:
    body = orjson.dumps(booked_out(booked))
    headers = [(b"content-type", CONTENT_TYPE)]
    headers += [(name.lower().encode(), value.encode()) for name, value in one.usage.headers.items()]
    headers.append((b"content-length", str(len(body)).encode()))
    return one.status, headers, body


def _read(scope: dict[str, Any], body: bytes) -> Asked | None:
    headers = headers_of(scope)
    key = key_in(text_of(headers, b"x-api-key"), text_of(headers, b"authorization"))
    if not key or scope["query_string"]:
        return None
    actor = resolve(Presented(key=key))
    if actor is None:
        return None
    # Counted once, also when it is answered elsewhere or tried again.
    usage = scope.setdefault(COUNTED, None) or limiter().use(V1_EVENTS, counted_for(actor, ip_by(scope)))
    scope[COUNTED] = usage
    route, status = ("runs", 201) if scope["method"] == "POST" else ("run", 200)
    scope["route"] = RUNS if route == "runs" else f"{ONE_RUN}<id>"
    who = TABLE[route][scope["method"]]
    if usage.is_over or who is None or not who.includes(actor):
        return None
    try:
        return _understood(scope, body, headers, actor, usage, route, status)
    except DomainError:  # to be told by the view
        return None


def _understood(
    scope: dict[str, Any], body: bytes, headers: Headers, actor: Actor, usage: Usage, route: str, status: int
) -> Asked:
    sent = json_in(body, text_of(headers, b"content-type").partition(";")[0].strip().lower())
    key, call = None, None
    if b"x-idempotency-key" in headers:
        key = text_of(headers, b"x-idempotency-key")
        check_key(key)
        call = call_of(actor, scope["method"], route, scope["path"], key, sent)
    report = _report(scope, sent, actor, text_of(headers, b"x-agent-id").strip(), key)
    return Asked(status, report, usage, call)


def _report(scope: dict[str, Any], sent: dict[str, Any], actor: Actor, speaks_as: str, key: str | None) -> Any:
    why = scope.get("cause")
    if scope["method"] == "PATCH":
        changes, cost = changes_of(read(RunChange, sent))
        return Correction(actor, row_id("run", scope["path"][len(ONE_RUN) :]), changes, cost, speaks_as, why)
    want = read(NewRun, sent)
    not_ahead(want.started_at, timezone.now())
    task_id = row_id("task", want.task_id) if want.task_id is not None else None
    return New(actor, want.agent_id, task_id, report_of(want, key=key), speaks_as, why)
