"""Long polls: answers that wait on the event loop for something to happen, and hold no thread meanwhile.

A request with `wait` in its query is answered by its view as any other, which checks the caller and reads once. A view
that has nothing new to tell says with `wait_for` what would be news. The answer is then kept back until the hub passes
such an event, and the view is asked again: whatever is sent was read after the news, in whichever process it was made.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from activity.models import Event
from core.body import read_body
from core.metrics import STREAMS

from .hub import Hub, hub

LONGEST = 30
# More than these are answered at once: each costs a connection and a few kilobytes.
AT_MOST = 10_000
AWAITED = "missioncontrol.awaited"
WAITED = "missioncontrol.waited"
News = tuple[str, str]
Scope = dict[str, Any]
Message = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Awaited:
    """The kinds and subjects of events that are news, and how many seconds to wait for them."""

    news: frozenset[News]
    seconds: float


def wait_for(scope: Scope, *, kinds: Iterable[str], subject: str, seconds: float) -> None:
    """Called by a view: its answer may wait for any of these kinds of events about the subject."""
    if seconds > 0:
        scope[AWAITED] = Awaited(frozenset((str(kind), subject) for kind in kinds), seconds)


class Waiter:
    """One request that waits. What happens before its view has said what it waits for counts as well."""

    __slots__ = ("_heard", "_news", "_woken")

    def __init__(self) -> None:
        self._heard: set[News] = set()
        self._news: frozenset[News] | None = None
        self._woken = asyncio.get_running_loop().create_future()

    def hear(self, news: set[News]) -> None:
        if self._news is None:
            self._heard |= news
        elif self._news & news:
            self._wake()

    def listen_for(self, news: frozenset[News]) -> asyncio.Future[None]:
        self._news = news
        if news & self._heard:
            self._wake()
        return self._woken

    def _wake(self) -> None:
        if not self._woken.done():
            self._woken.set_result(None)


class Waiters:
    """All that wait in this process. Fed by the hub's thread, with what happened and nothing else."""

    def __init__(self, hub: Hub) -> None:
        self._all: set[Waiter] = set()
        self._hub = hub
        self._gauge = STREAMS.labels("wait")
        hub.hearers.append(self._hear)

    def __len__(self) -> int:
        return len(self._all)

    def add(self) -> Waiter:
        waiter = Waiter()
        self._all.add(waiter)
        self._gauge.inc()
        return waiter

    def remove(self, waiter: Waiter) -> None:
        self._all.discard(waiter)
        self._gauge.dec()

    def _hear(self, events: list[Event]) -> None:
        if self._all:
            news = {(str(event.kind), event.subject) for event in events}
            self._hub.on_loop(lambda: self._tell(news))

    def _tell(self, news: set[News]) -> None:
        for waiter in tuple(self._all):
            waiter.hear(news)


waiters = Waiters(hub)


def may_wait(scope: Scope) -> bool:
    return scope["method"] == "GET" and b"wait=" in scope["query_string"] and scope["path"].startswith("/api/v1/")


class Waiting:
    """Wraps the application whose views answer."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        if await read_body(receive) is None:
            return
        gone = asyncio.ensure_future(_hung_up(receive))
        try:
            for message in await self._answer(scope, gone):
                await send(message)
        finally:
            gone.cancel()

    async def _answer(self, scope: Scope, gone: asyncio.Future[None]) -> list[Message]:
        """The answer to send; nothing for a client that has hung up."""
        until: float | None = None
        scope[WAITED] = 0.0
        while True:
            waiter = waiters.add()
            try:
                answer = await self._ask(scope)
                awaited: Awaited | None = scope.pop(AWAITED, None)
                now = time.monotonic()
                if awaited is None or len(waiters) > AT_MOST:
                    return answer
                until = until or now + min(awaited.seconds, LONGEST)
                left = min(until - now, awaited.seconds)
                if left <= 0:
                    return answer
                await asyncio.wait({waiter.listen_for(awaited.news), gone}, timeout=left, return_when="FIRST_COMPLETED")
            finally:
                waiters.remove(waiter)
            scope[WAITED] += time.monotonic() - now
            if gone.done():
                return []

    async def _ask(self, scope: Scope) -> list[Message]:
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        await self.inner(scope, _nothing_more, keep)
        return messages


async def _nothing_more() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _hung_up(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
