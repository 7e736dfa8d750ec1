"""`GET /api/events`: server-sent events in the legacy dialect, with replay."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import parse_qs

import orjson
import structlog
from channels.db import database_sync_to_async
from channels.generic.http import AsyncHttpConsumer
from django.conf import settings
from django.db import DatabaseError

from accounts import credentials
from accounts.access import gate
from accounts.credentials import Presented
from accounts.scopes import presented_by
from activity.models import Event
from agents.models import Agent
from core.actors import Actor, Role
from core.errors import Unauthenticated

from .hub import Hub, encode_all, hub
from .wire import sse
from .wire.sse import Frame

LIFETIME_SECONDS = 3600.0
QUEUE_FRAMES = 500
QUEUE_BYTES = 1024 * 1024
# A client that takes nothing for so long is gone; until then its queue is bounded anyway.
WRITE_SECONDS = 60.0
# An alarm may ring a little early.
EARLY_SECONDS = 0.5
REPLAY_AT_MOST = 10_000
REPLAY_PAGE = 500
HEADERS = [
    (b"Content-Type", b"text/event-stream"),
    (b"Cache-Control", b"no-cache, no-transform"),
    (b"Connection", b"keep-alive"),
    (b"X-Accel-Buffering", b"no"),
]
log = structlog.get_logger(__name__)

_open_streams: Counter[str] = Counter()


@dataclass(frozen=True, slots=True)
class Wish:
    """What a stream asked for in its address."""

    workspace_id: int
    types: tuple[str, ...] = ()
    agents: frozenset[str] = frozenset()
    tick: bool = False

    def wants(self, frame: Frame) -> bool:
        if frame.types == ("tick",):
            return self.tick
        if frame.workspace_id != self.workspace_id:
            return False
        if self.agents and self.agents.isdisjoint((str(frame.agent_id), frame.agent_name)):
            return False
        return not self.types or any(fnmatchcase(name, wanted) for name in frame.types for wanted in self.types)


class Queue:
    """What waits to be written to one client: at most 500 frames or 1 MiB, transient ones dropped first."""

    def __init__(self, wish: Wish) -> None:
        self.wish = wish
        self.after = 0
        self.overflowed = False
        self._frames: deque[Frame] = deque()
        self._bytes = 0
        self._filled = asyncio.Event()

    def take(self, frames: list[Frame]) -> None:
        for frame in frames:
            if self.wish.wants(frame) and (frame.transient or frame.id > self.after):
                self._add(frame)
        if self._frames or self.overflowed:
            self._filled.set()

    def _add(self, frame: Frame) -> None:
        if len(self._frames) >= QUEUE_FRAMES or self._bytes + len(frame.body) > QUEUE_BYTES:
            self._drop_transient()
            if frame.transient:
                return
            if len(self._frames) >= QUEUE_FRAMES or self._bytes + len(frame.body) > QUEUE_BYTES:
                self.overflowed = True
                return
        self._frames.append(frame)
        self._bytes += len(frame.body)

    def skip_to(self, position: int) -> None:
        """The client has seen everything up to there, although the hub may not have."""
        self.after = position
        self._frames = deque(frame for frame in self._frames if frame.transient or frame.id > position)
        self._bytes = sum(len(frame.body) for frame in self._frames)

    def _drop_transient(self) -> None:
        self._frames = deque(frame for frame in self._frames if not frame.transient)
        self._bytes = sum(len(frame.body) for frame in self._frames)

    def nudge(self) -> None:
        """End the wait although nothing came."""
        self._filled.set()

    async def drain(self) -> bytes:
        """Everything that waits, as one piece; empty after a nudge."""
        if not self._frames and not self.overflowed:
            await self._filled.wait()
        piece = b"".join(frame.body for frame in self._frames)
        self._frames.clear()
        self._bytes = 0
        self._filled.clear()
        return piece


class EventStream(AsyncHttpConsumer):
    """Overrides http_request: the base class would hang up as soon as handle() returns."""

    hub: Hub = hub
    _task: asyncio.Task[None]
    _alarm: asyncio.TimerHandle
    _writing_since: float | None = None
    _is_stuck = False

    async def http_request(self, message: dict[str, Any]) -> None:
        presented = presented_by(self.scope)
        try:
            actor = await database_sync_to_async(gate.admit)(presented, Role.VIEWER)
        except Unauthenticated as error:
            await self._refuse(401, error.message)
            return
        refusal = self._refusal(actor, presented)
        if refusal:
            await self._refuse(*refusal)
            return
        if self.scope["method"] == "HEAD":
            await self.send_response(200, b"", headers=HEADERS)
            return
        slot = presented.cookie or f"agent:{actor.agent_id}"
        _open_streams[slot] += 1
        self._task = asyncio.create_task(self._stream(actor, presented))
        self._task.add_done_callback(lambda _: _release(slot))

    async def http_disconnect(self, message: dict[str, Any]) -> None:
        task = getattr(self, "_task", None)
        if task is not None:
            task.cancel()
        await super().http_disconnect(message)

    async def _refuse(self, status: int, error: str) -> None:
        body = b"" if self.scope["method"] == "HEAD" else orjson.dumps({"error": error})
        await self.send_response(status, body, headers=[(b"Content-Type", b"application/json")])

    def _refusal(self, actor: Actor, presented: Presented) -> tuple[int, str] | None:
        asked = self._query("workspace_id")
        if asked and asked != str(actor.workspace_id) and not (actor.can(Role.ADMIN) and asked.isdigit()):
            return 403, "Requires admin role or higher"
        # Keys that a whole fleet shares have no cap: each of its agents may listen.
        own = presented.cookie or (f"agent:{actor.agent_id}" if actor.kind == "agent" else "")
        if own and not settings.RATE_LIMITS_OFF and _open_streams[own] >= settings.STREAMS_PER_CREDENTIAL:
            return 429, f"At most {settings.STREAMS_PER_CREDENTIAL} open streams per sign-in. Close one and try again."
        return None

    def _wish(self, actor: Actor) -> Wish:
        types = tuple(word for word in self._query("types").split(",") if word)
        workspace_id = int(self._query("workspace_id") or actor.workspace_id)
        return Wish(
            workspace_id=workspace_id,
            types=types,
            agents=_spellings(workspace_id, self._query("agent")),
            tick="tick" in self._query("include").split(","),
        )

    def _query(self, name: str) -> str:
        values = parse_qs(self.scope["query_string"].decode("latin-1")).get(name)
        return values[0] if values else ""

    def _asked_position(self) -> int | None:
        header = next((value for key, value in self.scope["headers"] if key == b"last-event-id"), b"")
        text = header.decode("latin-1") or self._query("last_event_id")
        if not text:
            return None
        return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else -1

    async def _stream(self, actor: Actor, presented: Presented) -> None:
        queue = Queue(await database_sync_to_async(self._wish)(actor))
        # First of all, so that nothing is lost between the greeting and the first event.
        queue.after = self.hub.subscribe(queue)
        self._look_after(queue, settings.STREAM_HEARTBEAT_SECONDS)
        try:
            await self.send_headers(status=200, headers=HEADERS)
            await self._send(sse.RETRY + sse.message("connected", None, at=_now()))
            asked = self._asked_position()
            if asked is not None:
                await self._replay(asked, queue)
            await self._follow(queue, presented)
        except DatabaseError as error:
            # The stream ends instead of falling silent; the client comes back with the last id it saw.
            log.warning("stream_cut_off", error=repr(error))
        except asyncio.CancelledError:
            if not self._is_stuck:
                raise
            self._task.uncancel()
            log.warning("stream_cut_off", error="the client takes nothing")
        finally:
            self.hub.unsubscribe(queue)
            self._alarm.cancel()
        await self.send_body(b"", more_body=False)

    async def _replay(self, asked: int, queue: Queue) -> None:
        """Send what was missed up to where the hub took over; live frames wait in the queue meanwhile."""
        if asked == queue.after:
            return
        if asked > queue.after and await database_sync_to_async(_is_known)(asked):
            # Another process was quicker to tell.
            queue.skip_to(asked)
            return
        if asked > queue.after or await database_sync_to_async(_is_gap)(asked, queue.after):
            await self._send(_resync(queue.after))
            return
        while asked < queue.after:
            frames, asked = await database_sync_to_async(_missed)(asked, queue.after)
            piece = b"".join(frame.body for frame in frames if queue.wish.wants(frame))
            if piece:
                await self._send(piece)

    async def _send(self, piece: bytes) -> None:
        self._writing_since = time.monotonic()
        await self.send_body(piece, more_body=True)
        self._writing_since = None

    def _look_after(self, queue: Queue, every: float) -> None:
        """One alarm a stream, not one a write: timers would cost more than all else that is done for a listener."""
        self._alarm = asyncio.get_running_loop().call_later(every, self._look_after, queue, every)
        queue.nudge()
        if self._writing_since is not None and time.monotonic() - self._writing_since > WRITE_SECONDS:
            self._is_stuck = True
            self._task.cancel()

    async def _follow(self, queue: Queue, presented: Presented) -> None:
        heartbeat = settings.STREAM_HEARTBEAT_SECONDS
        began = checked = beaten = time.monotonic()
        while True:
            piece = await queue.drain()
            now = time.monotonic()
            if now - beaten >= heartbeat - EARLY_SECONDS:
                piece, beaten = piece + sse.HEARTBEAT, now
            if piece:
                await self._send(piece)
            if queue.overflowed:
                await self._send(_resync(self.hub.position))
                return
            if now - checked >= settings.STREAM_RECHECK_SECONDS - EARLY_SECONDS:
                checked = now
                if await database_sync_to_async(credentials.resolve)(presented) is None:
                    await self._send(sse.message("unauthorized", None, at=_now()))
                    return
            if now - began >= LIFETIME_SECONDS:
                return


def _spellings(workspace_id: int, asked: str) -> frozenset[str]:
    """The id and the name of the agent asked for by id, slug or name, as its events carry one or the other."""
    if not asked:
        return frozenset()
    here = Agent.objects.in_workspace(workspace_id)
    found = here.called(workspace_id, asked).first() or here.filter(slug=asked).first()
    return frozenset({str(found.pk), found.name} if found else {asked})


def _release(slot: str) -> None:
    _open_streams[slot] -= 1
    if _open_streams[slot] <= 0:
        del _open_streams[slot]


def _now() -> int:
    return int(time.time() * 1000)


def _resync(latest: int) -> bytes:
    return sse.message("resync", {"reason": "gap", "latest": latest}, at=_now())


def _is_known(position: int) -> bool:
    newest = Event.objects.order_by("-id").values_list("id", flat=True).first() or 0
    return position <= newest


def _is_gap(asked: int, upto: int) -> bool:
    """True when the position is older than the log, or too far behind to be caught up with."""
    if asked < 0:
        return True
    oldest = Event.objects.order_by("id").values_list("id", flat=True).first()
    if oldest is None or asked < oldest - 1:
        return True
    return Event.objects.filter(id__gt=asked, id__lte=upto)[: REPLAY_AT_MOST + 1].count() > REPLAY_AT_MOST


def _missed(asked: int, upto: int) -> tuple[list[Frame], int]:
    events = list(Event.objects.settled().after(asked).filter(id__lte=upto)[:REPLAY_PAGE])
    if not events:
        return [], upto
    return encode_all(events), events[-1].id
