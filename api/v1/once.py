"""`X-Idempotency-Key`: whatever is sent twice happens once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING

import orjson
from django.db import transaction
from rest_framework.response import Response

from accounts.models import IdempotentCall
from accounts.services.calls import Call, begin_call, finish_call, give_back_call
from core.errors import Invalid

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
    if not 1 <= len(key) <= LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise Invalid("X-Idempotency-Key must be 1 to 255 printable ASCII characters")
    row = begin_call(_call(view, key), now=view.now)
    if row.status is not None:
        return replay(view, row)
    try:
        with transaction.atomic():
            response = handle()
            finish_call(row, status=response.status_code, answer=orjson.dumps(response.data).decode())
    except BaseException:
        give_back_call(row)
        raise
    return response


def _call(view: V1View, key: str) -> Call:
    method = view.request.method or ""
    canonical = orjson.dumps(view.sent, option=orjson.OPT_SORT_KEYS)
    text = b"\n".join((method.encode(), view.request._request.get_full_path().encode(), canonical))
    caller = f"{view.actor.workspace_id}:{view.actor}"
    return Call(caller, method, view.route, key, hashlib.sha256(text).hexdigest())


def replay(view: V1View, row: IdempotentCall) -> Response:
    answer = orjson.loads(row.answer or "null")
    status = row.status
    if view.route == "tasks" and isinstance(answer, dict):
        # Creating a task says by its status whether it is new.
        status, answer = 200, {**answer, "created": False}
    return Response(answer, status=status, headers={"X-Idempotent-Replay": "true"})
