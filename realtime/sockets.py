"""WebSockets at `/` and `/ws`: who may open one, and whether they still may.

Bare ASGI, as event streams are: a Channels consumer would put a task and an encoding between the hub and each client.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from channels.db import database_sync_to_async
from django.conf import settings
from django.db import DatabaseError

from activity.catalogue import Kind
from activity.models import Event
from core.actors import Actor
from core.metrics import STREAMS
from system import lookup

from .callers import Credential, Refusal, admit
from .conversation import OVERLOAD, Socket, Wire
from .hub import hub


class Sockets:
    """All of this process, and the ASGI application that opens them."""

    def __init__(self) -> None:
        self.open: set[Socket] = set()
        self._changes = 0
        self._access_changed = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None

    def start(self) -> None:
        hub.hearers.append(self._hear)
        self._keeper = asyncio.create_task(self._keep_looking())

    def stop(self) -> None:
        if self._keeper is not None:
            self._keeper.cancel()

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        await receive()
        changes = self._changes
        found = await database_sync_to_async(admit)(scope)
        # A refusal before the handshake would reach clients as a broken connection, without a code.
        await send({"type": "websocket.accept"})
        wire: Wire = scope["wire"]
        if isinstance(found, Refusal):
            return await _turn_away(receive, wire, *found)
        if len(self.open) >= settings.WS_CONNECTIONS:
            return await _turn_away(receive, wire, OVERLOAD, "Too many connections")
        socket = Socket(wire, *found)
        self.open.add(socket)
        if changes != self._changes:
            self._access_changed.set()
        STREAMS.labels("websocket").inc()
        try:
            await socket.run(receive)
        finally:
            self.open.discard(socket)
            STREAMS.labels("websocket").dec()

    def _hear(self, events: list[Event]) -> None:
        """On the hub's thread."""
        if any(event.kind == Kind.ACCESS_CHANGED for event in events):
            lookup.forget()
            hub.on_loop(self._note_change)

    def _note_change(self) -> None:
        self._changes += 1
        self._access_changed.set()

    async def _keep_looking(self) -> None:
        """Whether those who came in may still be here: when somebody's access changed, and now and then."""
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._access_changed.wait(), settings.STREAM_RECHECK_SECONDS)
            self._access_changed.clear()
            with suppress(DatabaseError):
                await self._look_again()

    async def _look_again(self) -> None:
        """Many sockets share few credentials: each is looked at once."""
        if not self.open:
            return
        actors = await database_sync_to_async(_actors_of)({socket.credential for socket in self.open})
        for socket in tuple(self.open):
            if socket.credential in actors:
                socket.is_now(actors[socket.credential])


def _actors_of(held: set[Credential]) -> dict[Credential, Actor | None]:
    return {credential: credential.actor() for credential in held}


async def _turn_away(receive: Any, wire: Wire, code: int, reason: str) -> None:
    wire.end(code, reason)
    while (await receive())["type"] != "websocket.disconnect":
        pass
