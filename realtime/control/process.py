"""The process of the control channel: listens, tells what the log tells, and ends when it is told to."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Sequence
from typing import Any

import structlog
from django.conf import settings
from django.utils import timezone

from activity import vitals
from activity.catalogue import Kind
from activity.models import Event
from realtime.wire import control as wire

from . import figures
from .methods import Methods
from .server import ControlServer
from .snapshot import Probes
from .state import Gateway, Seen
from .tail import Tail

LOOK_EVERY, SEEN_EVERY = 1.0, 15.0
log = structlog.get_logger(__name__)


class Process:
    def __init__(self) -> None:
        self._gateway = Gateway(time.monotonic())
        self._tail = Tail(self._tell)
        self._probes = Probes()
        self._seen_at = -SEEN_EVERY
        self._look_now = asyncio.Event()
        methods = Methods(self._probes, self._last_heartbeat)
        self._server = ControlServer(answer=methods.answer, greeting=self._greeting, token=settings.CONTROL_TOKEN)

    async def run(self, over: asyncio.Event) -> None:
        await self._look()
        await self._server.start(settings.CONTROL_HOST, settings.CONTROL_PORT)
        self._tail.start(asyncio.get_running_loop())
        watching = asyncio.get_running_loop().create_task(self._watch())
        try:
            await over.wait()
        finally:
            watching.cancel()
            self._tail.stop()
            await self._server.stop()
            await self._probes.ask("gone", lambda: vitals.gone(vitals.CONTROL), None)
            self._probes.stop()

    # -- what is said -------------------------------------------------------------------------------------------------

    def _greeting(self) -> list[bytes]:
        last = self._last_heartbeat()
        return [self._gateway.state.line, *([wire.happened("heartbeat", last)] if last else [])]

    def _last_heartbeat(self) -> dict[str, Any] | None:
        event = self._tail.last_heartbeat
        return wire.heartbeat(event) if event else None

    def _tell(self, events: Sequence[Event]) -> None:
        for event in events:
            if event.kind == Kind.SYSTEM_LIFECYCLE:
                self._note_beginning(event)
            elif event.kind in (Kind.CONNECTION_CREATED, Kind.CONNECTION_ENDED):
                self._look_now.set()
            elif line := _encoded(event):
                self._server.tell(line, is_log=event.kind == Kind.SYSTEM_LOG)

    def _note_beginning(self, event: Event) -> None:
        data = event.data or {}
        state = self._gateway.began_anew(data["process"], data["pid"])
        if state is not None:
            self._server.tell(state.line)

    # -- what is watched ----------------------------------------------------------------------------------------------

    async def _watch(self) -> None:
        while True:
            try:
                async with asyncio.timeout(LOOK_EVERY):
                    await self._look_now.wait()
            except TimeoutError:
                pass
            self._look_now.clear()
            await self._look()

    async def _look(self) -> None:
        now = time.monotonic()
        if now - self._seen_at >= SEEN_EVERY:
            self._seen_at = now
            await self._probes.ask("alive", lambda: vitals.seen(vitals.CONTROL, now=timezone.now()), None)
        seen, _, _ = await self._probes.ask("watch", _look, None)
        if state := self._gateway.look(seen, now):
            log.info("control_state", state=state.word, reason=state.reason)
            self._server.tell(state.line)


def _look() -> Seen:
    return Seen(worker=vitals.worker_is_alive(now=timezone.now()), linked=figures.is_linked())


def _encoded(event: Event) -> bytes | None:
    try:
        return wire.encode(event)
    except (KeyError, TypeError, ValueError):
        # One event that cannot be told must not silence the others.
        log.exception("event_cannot_be_encoded", id=event.id, kind=event.kind)
        return None


async def serve() -> None:
    over, loop = asyncio.Event(), asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, over.set)
    await Process().run(over)
