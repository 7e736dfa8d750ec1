"""`X-Idempotency-Key`: whatever is sent twice happens once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import orjson
from django.db import transaction
from rest_framework.response import Response

from accounts.models import IdempotentCall
from accounts.services.calls import Call, begin_call, finish_call, give_back_call
from core.actors import Actor
from core.errors import Conflict, Invalid
from tasks.services.keys import keep_key, made_under

if TYPE_CHECKING:
    from .base import V1View

METHODS = {"POST", "PATCH"}
LONGEST_KEY = 255


def once(view: V1View, handle: Callable[[], Response]) -> Response:
    """Answer the request, or repeat the answer that its key has had. The effects of a call with a key and its answer
    are one transaction: nobody can find the one without the other."""
    key = view.request._request.META.get("HTTP_X_IDEMPOTENCY_KEY")
    if key is None or view.request.method not in METHODS:
        return handle()
    check_key(key)
    path = view.request._request.get_full_path()
    call = call_of(view.actor, view.request.method, view.route, path, key, view.sent)
    row = begin_call(call, now=view.now)
    if row.status is not None:
        return replay(view, row)
    try:
        with transaction.atomic():
            response = _made_before(view, call) or _make(view, call, handle)
            finish_call(row, status=response.status_code, answer=orjson.dumps(response.data).decode())
    except BaseException:
        give_back_call(row)
        raise
    return response


def _made_before(view: V1View, call: Call) -> Response | None:
    """What was made under this key, when the answer of that call is forgotten already."""
    if view.makes is None:
        return None
    row = made_under(view.makes, by=call.caller, key=call.key)
    if row is None:
        return None
    if row.task_id != view.about(row):
        raise Conflict("This idempotency key was used for another request", code="IDEMPOTENCY_CONFLICT")
    response = view.again(row)
    response.headers["X-Idempotent-Replay"] = "true"
    return response


def _make(view: V1View, call: Call, handle: Callable[[], Response]) -> Response:
    response = handle()
    if view.made is not None:
        keep_key(view.made, by=call.caller, key=call.key)
    return response


def check_key(key: str) -> None:
    if not 1 <= len(key) <= LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise Invalid("X-Idempotency-Key must be 1 to 255 printable ASCII characters")


def call_of(actor: Actor, method: str, route: str, path: str, key: str, sent: dict[str, Any]) -> Call:
    """`path` with its query, a trailing slash being no difference; `sent` is the body."""
    canonical = orjson.dumps(sent, option=orjson.OPT_SORT_KEYS)
    address, mark, query = path.partition("?")
    text = b"\n".join((method.encode(), f"{address.rstrip('/')}{mark}{query}".encode(), canonical))
    return Call(f"{actor.workspace_id}:{actor}", method, route, key, hashlib.sha256(text).hexdigest())


def replay(view: V1View, row: IdempotentCall) -> Response:
    answer = orjson.loads(row.answer or "null")
    status = row.status
    if view.route == "tasks" and isinstance(answer, dict):
        # Creating a task says by its status whether it is new.
        status, answer = 200, {**answer, "created": False}
    return Response(answer, status=status, headers={"X-Idempotent-Replay": "true"})
