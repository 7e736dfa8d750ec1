"""Requests of one kind that are answered many at a time, by whoever knows how; the rest go on to the application."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import structlog

from core.body import read_body
from core.outages import is_undone

from .batch import Batcher

Scope = dict[str, Any]
Request = tuple[Scope, bytes]
Answer = tuple[int, list[tuple[bytes, bytes]], bytes]
# From a method and a path to whether such requests are answered here.
Takes = Callable[[str, str], bool]
# Answers that are durable, and None for requests that nothing was done for.
Answers = Callable[[Sequence[Request]], Sequence[Answer | None]]
# What a request hears when the database broke off: what it asked for may be done, or not.
Sorry = Callable[[Scope], Answer]
ID = re.compile(r"/[a-z]+_\d+\b")
log = structlog.get_logger(__name__)


class Grouped:
    def __init__(self, inner: Any, takes: Takes, answers: Answers, sorry: Sorry, writer: ThreadPoolExecutor) -> None:
        self.inner = inner
        self.takes = takes
        self.sorry = sorry
        self._requests: Batcher[Request, Answer | None] = Batcher("requests", answers, writer)

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        body = await read_body(receive)
        if body is None:
            return
        try:
            answer = await self._requests.submit((scope, body))
        except Exception as error:
            log.exception("not_answered_together", path=scope["path"])
            # What was rolled back the application knows how to tell; what may have been done is not done again.
            answer = None if is_undone(error) else self.sorry(scope)
        if answer is None:
            await self.inner(scope, _again(body), send)
            return
        scope["route"] = ID.sub("/<id>", scope["path"])
        status, headers, answered = answer
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": answered})


def _again(body: bytes) -> Any:
    """The body, as if it came now."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive
