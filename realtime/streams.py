"""`GET /api/events`: server-sent events in the legacy dialect, with replay.

A stream at rest is one task that waits for the client to hang up; a second one lives only while something is written.
Thousands may listen, and what each of them holds counts.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from urllib.parse import parse_qs

import orjson
import structlog
from channels.db import database_sync_to_async
from django.conf import settings
from django.db import DatabaseError

from accounts import credentials
from accounts.access import gate
from accounts.credentials import Presented
from accounts.scopes import presented_by
from agents.models import Agent
from core.actors import Actor, Role
from core.errors import Unauthenticated
from core.metrics import STREAMS
from core.outages import NO_DATABASE, OUTAGE

from . import replay
from .dialects import SSE
from .hub import hub
from .queues import Queue, Wish
from .wire import sse
from .wire.frames import AGENT_OUTPUT

LIFETIME_SECONDS = 3600.0
# A client that takes nothing for so long is gone; until then its queue is bounded anyway.
WRITE_SECONDS = 60.0
# An alarm may ring a little early.
EARLY_SECONDS = 0.5
HEADERS = [
    (b"Content-Type", b"text/event-stream"),
    (b"Cache-Control", b"no-cache, no-transform"),
    (b"Connection", b"keep-alive"),
    (b"X-Accel-Buffering", b"no"),
]
JSON = [(b"Content-Type", b"application/json")]
log = structlog.get_logger(__name__)

_open_streams: Counter[str] = Counter()


async def event_stream(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """The ASGI application of this one address."""
    presented = presented_by(scope)
    is_head = scope["method"] == "HEAD"
    query = _Query(scope)
    try:
        actor = await database_sync_to_async(gate.admit)(presented, Role.VIEWER)
    except Unauthenticated as error:
        return await _answer(send, 401, JSON, error.message, is_head)
    except OUTAGE:
        return await _answer(send, 503, JSON, NO_DATABASE, is_head)
    # Keys that a whole fleet shares have no cap: each of its agents may listen.
    own = presented.cookie or (f"agent:{actor.agent_id}" if actor.kind == "agent" else "")
    asked = query.word("workspace_id")
    if asked and asked != str(actor.workspace_id) and not (actor.can(Role.ADMIN) and asked.isdigit()):
        return await _answer(send, 403, JSON, "Requires admin role or higher", is_head)
    if own and not settings.RATE_LIMITS_OFF and _open_streams[own] >= settings.STREAMS_PER_CREDENTIAL:
        too_many = f"At most {settings.STREAMS_PER_CREDENTIAL} open streams per sign-in. Close one and try again."
        return await _answer(send, 429, JSON, too_many, is_head)
    if is_head:
        return await _answer(send, 200, HEADERS, "", is_head)
    with _seat(own):
        try:
            wish = await database_sync_to_async(query.wish)(actor)
        except OUTAGE:
            return await _answer(send, 503, JSON, NO_DATABASE, is_head)
        await Stream(send, wish, presented).run(receive, after=query.position(scope))


async def _answer(send: Any, status: int, headers: list[tuple[bytes, bytes]], error: str, is_head: bool) -> None:
    body = b"" if is_head else orjson.dumps({"error": error})
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@contextmanager
def _seat(own: str) -> Iterator[None]:
    _open_streams[own] += 1
    STREAMS.labels("sse").inc()
    try:
        yield
    finally:
        STREAMS.labels("sse").dec()
        _open_streams[own] -= 1
        if _open_streams[own] <= 0:
            del _open_streams[own]


class _Query:
    def __init__(self, scope: dict[str, Any]) -> None:
        self._values: dict[str, list[str]] = parse_qs(scope["query_string"].decode("latin-1"))

    def word(self, name: str) -> str:
        return self._values.get(name, [""])[0]

    def wish(self, actor: Actor) -> Wish:
        """Asks the database for the agent's spellings."""
        workspace_id = int(self.word("workspace_id") or actor.workspace_id)
        return Wish(
            workspace_id=workspace_id,
            types=tuple(word for word in self.word("types").split(",") if word),
            agents=_spellings(workspace_id, self.word("agent")),
            include=frozenset(filter(None, self.word("include").split(","))),
        )

    def position(self, scope: dict[str, Any]) -> int | None:
        """The id after which to go on; -1 when it is none that could have been given out."""
        header = next((value for key, value in scope["headers"] if key == b"last-event-id"), b"")
        text = header.decode("latin-1") or self.word("last_event_id")
        if not text:
            return None
        return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else -1


def _spellings(workspace_id: int, asked: str) -> frozenset[str]:
    """The id and the name of the agent asked for by id, slug or name, as its events carry one or the other."""
    if not asked:
        return frozenset()
    here = Agent.objects.in_workspace(workspace_id)
    found = here.called(workspace_id, asked).first() or here.filter(slug=asked).first()
    return frozenset({str(found.pk), found.name} if found else {asked})


class Stream:
    """One listener."""

    __slots__ = (
        "_alarm", "_beat_is_due", "_began", "_checked", "_is_over", "_presented", "_queue", "_send", "_writer",
        "_writing_since",
    )  # fmt: skip

    def __init__(self, send: Any, wish: Wish, presented: Presented) -> None:
        self._send = send
        self._presented = presented
        self._queue = Queue(wish, wake=self._wake)
        self._writer: asyncio.Task[None] | None = None
        self._writing_since: float | None = None
        self._beat_is_due = self._is_over = False
        self._began = self._checked = time.monotonic()

    async def run(self, receive: Any, *, after: int | None) -> None:
        """Until the client hangs up, or the stream has said its last."""
        # First of all, so that nothing is lost between the greeting and the first event.
        self._queue.after = hub.subscribe(self._queue)
        self._look_after_itself_in(settings.STREAM_HEARTBEAT_SECONDS)
        self._start(partial(self._open, after))
        try:
            while (await receive())["type"] != "http.disconnect":
                pass
        finally:
            self._let_go()
            if self._writer is not None:
                self._writer.cancel()

    def _let_go(self) -> None:
        self._is_over = True
        hub.unsubscribe(self._queue)
        self._alarm.cancel()

    def _look_after_itself_in(self, seconds: float) -> None:
        """One alarm a stream, not one a write: timers would cost more than all else that is done for a listener."""
        self._alarm = asyncio.get_running_loop().call_later(seconds, self._look_after_itself, seconds)

    def _look_after_itself(self, seconds: float) -> None:
        self._look_after_itself_in(seconds)
        if self._writing_since is not None and time.monotonic() - self._writing_since > WRITE_SECONDS:
            log.warning("stream_cut_off", error="the client takes nothing")
            self._let_go()
            if self._writer is not None:
                self._writer.cancel()
        self._beat_is_due = True
        self._wake()

    # -- writing ------------------------------------------------------------------------------------------------------

    def _wake(self) -> None:
        if self._writer is None and not self._is_over:
            self._start(self._write)

    def _start(self, work: Callable[[], Awaitable[None]]) -> None:
        self._writer = asyncio.get_running_loop().create_task(self._guarded(work))

    async def _guarded(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except Exception as error:
            # The stream ends instead of falling silent; the client comes back with the last id it saw.
            log.warning("stream_cut_off", error=repr(error), exc_info=not isinstance(error, DatabaseError))
            await self._say_last(b"")
        finally:
            self._writer = None

    async def _open(self, after: int | None) -> None:
        await self._send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        await self._put(sse.RETRY + sse.message("connected", None, at=_now()))
        if after is not None:
            await self._replay(after)
        await self._write()

    async def _replay(self, asked: int) -> None:
        """Send what was missed up to where the hub took over; live frames wait in the queue meanwhile."""
        upto = self._queue.after
        if asked == upto:
            return
        if asked > upto and await database_sync_to_async(replay.is_known)(asked):
            # Another process was quicker to tell.
            self._queue.skip_to(asked)
            return
        hears_all = AGENT_OUTPUT in self._queue.wish.include
        if asked > upto or await database_sync_to_async(replay.is_gap)(asked, upto, with_output=hears_all):
            SSE.count_resync()
            await self._put(_resync(upto))
            return
        while asked < upto:
            frames, asked = await database_sync_to_async(replay.missed)(asked, upto, SSE)
            piece = b"".join(frame.body for frame in frames if self._queue.wish.wants(frame))
            if piece:
                await self._put(piece)

    async def _write(self) -> None:
        """Until nothing is left to be said or looked after."""
        while not self._is_over:
            now = time.monotonic()
            if now - self._checked >= settings.STREAM_RECHECK_SECONDS - EARLY_SECONDS:
                self._checked = now
                if await database_sync_to_async(credentials.resolve)(self._presented) is None:
                    await self._say_last(sse.message("unauthorized", None, at=_now()))
            elif now - self._began >= LIFETIME_SECONDS:
                await self._say_last(b"")
            elif piece := self._what_waits():
                await self._put(piece)
            elif self._queue.overflowed:
                SSE.count_resync(dropped=self._queue.dropped)
                await self._say_last(_resync(hub.position))
            else:
                return

    def _what_waits(self) -> bytes:
        piece = self._queue.drain()
        if self._beat_is_due:
            self._beat_is_due = False
            piece += sse.HEARTBEAT
        return piece

    async def _put(self, piece: bytes) -> None:
        self._writing_since = time.monotonic()
        await self._send({"type": "http.response.body", "body": piece, "more_body": True})
        self._writing_since = None

    async def _say_last(self, piece: bytes) -> None:
        """End the response; the server then tells `run` that the client is gone."""
        self._let_go()
        await self._send({"type": "http.response.body", "body": piece})


def _now() -> int:
    return int(time.time() * 1000)


def _resync(latest: int) -> bytes:
    return sse.message("resync", {"reason": "gap", "latest": latest}, at=_now())
