"""The server of the control channel: who is connected, who may come in, and telling all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from core.metrics import STREAMS
from realtime.wire import control as wire

from .address import loopback
from .connection import Connection, Limits

Payload = dict[str, Any]
Answer = Callable[[Any, Any], Awaitable[Payload | None]]
# Connections that have no seat are told so at once; the system holds back those beyond these.
BACKLOG = 16


class ControlServer:
    """`answer` does what a request asks for; `greeting` is what a client hears first, unasked."""

    def __init__(
        self, *, answer: Answer, greeting: Callable[[], list[bytes]], token: str = "", limits: Limits | None = None
    ) -> None:
        self.limits = limits or Limits()
        self.token = token
        self.answer = answer
        self.greeting = greeting
        self.connections: set[Connection] = set()
        self._server: asyncio.Server | None = None
        self._logs_told = 0
        self._logs_since = 0.0

    async def start(self, host: str, port: int) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Connection(self), loopback(host), port, backlog=BACKLOG)

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    def seat(self, connection: Connection) -> bool:
        if len(self.connections) >= self.limits.connections:
            return False
        self.connections.add(connection)
        STREAMS.labels("control").set(len(self.connections))
        return True

    def free(self, connection: Connection) -> None:
        self.connections.discard(connection)
        STREAMS.labels("control").set(len(self.connections))

    def tell(self, line: bytes, *, is_log: bool = False) -> None:
        if is_log and not self._may_tell_a_log():
            return
        for connection in tuple(self.connections):
            connection.tell(line, is_log=is_log)

    def _may_tell_a_log(self) -> bool:
        now = asyncio.get_running_loop().time()
        if now - self._logs_since >= 1:
            self._logs_since, self._logs_told = now, 0
        self._logs_told += 1
        return self._logs_told <= self.limits.logs_per_second

    async def stop(self) -> None:
        """Say goodbye to everybody; returns when they have had time to hear it."""
        if self._server is not None:
            self._server.close()
        parting = tuple(self.connections)
        for connection in parting:
            connection.say_last(wire.gateway_status("stopped"))
        until = asyncio.get_running_loop().time() + self.limits.lingering_seconds / 2
        while any(not connection.is_gone for connection in parting) and asyncio.get_running_loop().time() < until:
            await asyncio.sleep(0.01)
