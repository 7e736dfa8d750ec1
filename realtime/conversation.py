"""One WebSocket: what its client hears and says.

At rest it is one task that waits for the client. What the hub tells is written at once, as it was encoded once for all,
without a task of its own; while the client takes nothing it waits in a queue that is bounded.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any, Protocol

from channels.db import database_sync_to_async

from core.actors import Actor

from . import answering, replay
from .callers import UNAUTHORIZED, Credential
from .dialects import WEBSOCKET
from .hub import hub
from .messages import Answer, Message, Refused, Subscribe, Unsubscribe, read
from .queues import SocketQueue, Subscription
from .wire import v1, ws
from .wire.frames import Frame

MESSAGES, WITHIN_SECONDS = 30, 10.0
BAD_IN_A_ROW = 10
UNSUPPORTED, OVERLOAD, TOO_MUCH = 1003, 1013, 4008
PAST_WISHES = 20


class Wire(Protocol):
    """The connection, as the server hands it over."""

    on_room: Any

    @property
    def is_full(self) -> bool: ...
    @property
    def is_over(self) -> bool: ...
    def write(self, frames: bytes) -> None: ...
    async def room(self) -> None: ...
    def end(self, code: int, reason: str) -> None: ...


class Socket:
    """One client."""

    __slots__ = ("_actor", "_bad", "_fed_from", "_held", "_past", "_queue", "_said", "_wire", "_wish", "credential")

    def __init__(self, wire: Wire, credential: Credential, actor: Actor) -> None:
        self.credential = credential
        self._actor = actor
        self._wire = wire
        self._wish = Subscription(answering.visible_to(actor))
        self._queue = SocketQueue(self._wish, wake=self._flush)
        # While something older is on its way, what is live waits.
        self._held = True
        self._fed_from = 0
        # What it wished before, and up to which event.
        self._past: tuple[tuple[int, Subscription], ...] = ()
        self._bad = 0
        self._said = (0.0, 0)

    async def run(self, receive: Any) -> None:
        """Until either side has had enough."""
        self._fed_from = self._queue.after = hub.subscribe(self._queue, WEBSOCKET)
        self._wire.on_room = self._flush
        try:
            self._wire.write(await database_sync_to_async(answering.pending)(self._actor))
            self._release()
            while (message := await receive())["type"] == "websocket.receive":
                await self._hear(message.get("text"))
        finally:
            hub.unsubscribe(self._queue, WEBSOCKET)
            self._wire.on_room = None

    def is_now(self, actor: Actor | None) -> None:
        """Its credential may have been taken back, or be worth something else."""
        if actor is None:
            return self.end(*UNAUTHORIZED)
        if actor != self._actor:
            self._actor = actor
            self._change(replace(self._wish, visible=answering.visible_to(actor)))

    def end(self, code: int, reason: str) -> None:
        self._held = True
        self._wire.end(code, reason)

    # -- out ----------------------------------------------------------------------------------------------------------

    def _flush(self) -> None:
        """Whatever waits, as long as the client takes it."""
        if self._queue.overflowed:
            self._give_up()
        elif not (self._held or self._wire.is_full):
            self._wire.write(self._queue.drain())

    def _release(self) -> None:
        self._held = False
        self._flush()

    def _give_up(self) -> None:
        """It cannot be told everything: it is to ask again, when it can listen."""
        if not self._wire.is_over:
            WEBSOCKET.count_resync(dropped=self._queue.dropped)
            self._say("resync", reason="slow_consumer")
            self.end(OVERLOAD, "Too slow")

    def _say(self, type: str, **fields: Any) -> None:
        """Something that is no event."""
        self._wire.write(ws.framed({"type": type, **fields}))

    # -- in -----------------------------------------------------------------------------------------------------------

    async def _hear(self, text: str | None) -> None:
        if self._wire.is_over:
            return
        if text is None:
            return self.end(UNSUPPORTED, "Text frames only")
        if self._says_too_much():
            self._say("error", code="rate_limited", message=f"At most {MESSAGES} messages in {WITHIN_SECONDS:g} s")
            return self.end(TOO_MUCH, "Too many messages")
        try:
            await self._follow(read(text))
        except Refused as refused:
            self._complain(refused)
        else:
            self._bad = 0

    def _says_too_much(self) -> bool:
        now = time.monotonic()
        since, count = self._said
        self._said = (since, count + 1) if now - since < WITHIN_SECONDS else (now, 1)
        return self._said[1] > MESSAGES

    def _complain(self, refused: Refused) -> None:
        self._say("error", code=refused.code, message=str(refused), **refused.more)
        self._bad = self._bad + 1 if refused.is_bad_input else 0
        if self._bad >= BAD_IN_A_ROW:
            self.end(TOO_MUCH, "Too many bad messages")

    async def _follow(self, message: Message) -> None:
        """Raises Refused."""
        if isinstance(message, Answer):
            await database_sync_to_async(answering.answer)(message, self._actor)
        elif isinstance(message, Unsubscribe):
            self._change(replace(self._wish, named=self._wish.named - {message.workspace_id}))
            self._say("unsubscribed", workspaceIds=self._named)
        else:
            await self._subscribe(message)

    @property
    def _named(self) -> list[str]:
        return [v1.workspace(id) for id in sorted(self._wish.named)]

    async def _subscribe(self, message: Subscribe) -> None:
        if not await database_sync_to_async(answering.can_see)(self._wish.visible, message.workspace_id):
            raise Refused("forbidden", "This workspace is not yours to see")
        include = self._wish.include if message.include is None else message.include
        self._held = message.since is not None
        self._change(replace(self._wish, named=self._wish.named | {message.workspace_id}, include=include))
        self._say("subscribed", workspaceIds=self._named)
        try:
            if message.since is not None:
                await self._replay(message.since)
        finally:
            self._release()

    def _change(self, wish: Subscription) -> None:
        if wish != self._wish:
            self._past = (*self._past[-PAST_WISHES:], (WEBSOCKET.told, self._wish))
            self._wish = self._queue.wish = wish

    # -- what was missed ----------------------------------------------------------------------------------------------

    async def _replay(self, asked: int) -> None:
        """Send what came after that event and was not sent on this connection yet."""
        upto = max(self._fed_from, WEBSOCKET.told)
        if asked > upto and await database_sync_to_async(replay.is_known)(asked):
            # Another process was quicker to tell.
            return self._queue.skip_to(asked)
        if asked > upto or await database_sync_to_async(replay.is_gap)(asked, upto, with_output=True):
            WEBSOCKET.count_resync()
            return self._say("resync", reason="gap")
        while asked < upto and not self._wire.is_over:
            frames, asked = await database_sync_to_async(replay.missed)(asked, upto, WEBSOCKET)
            wants = self._wish.wants
            self._wire.write(b"".join(frame.body for frame in frames if wants(frame) and not self._was_told(frame)))
            await self._wire.room()

    def _was_told(self, frame: Frame) -> bool:
        if frame.id <= self._fed_from:
            return False
        wish = next((wish for until, wish in self._past if frame.id <= until), self._wish)
        return wish.wants(frame)
