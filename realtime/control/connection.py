"""One client of the control channel: its lines in, its answers and events out, and when it has to go."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from realtime.wire import control as wire

from .framing import (
    CAP,
    InvalidParams,
    Lines,
    LineTooLong,
    Request,
    SpeaksHttp,
    UnknownMethod,
    Unparsable,
    Unsupported,
    parse,
)
from .outbox import Outbox, Overflow

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    connections: int = 8
    requests_per_second: int = 20
    idle_seconds: float = 900.0
    backlog: int = 1024 * 1024
    bad_lines: int = 3
    bad_tokens: int = 3
    logs_per_second: int = 20
    # How long a client that was told to go may take to hear why.
    lingering_seconds: float = 2.0


class House(Protocol):
    """What a connection needs of the server."""

    limits: Limits
    token: str

    def seat(self, connection: Connection) -> bool: ...

    def free(self, connection: Connection) -> None: ...

    @property
    def greeting(self) -> Callable[[], list[bytes]]: ...

    @property
    def answer(self) -> Callable[[Any, Any], Awaitable[dict[str, Any] | None]]: ...


class Connection(asyncio.Protocol):
    def __init__(self, house: House) -> None:
        self._house = house
        self._limits = house.limits
        self._loop = asyncio.get_running_loop()
        self._lines = Lines()
        self._tasks: set[asyncio.Task[None]] = set()
        self._heard = self._loop.time()
        self._allowance = float(self._limits.requests_per_second)
        self._counted = self._heard
        self._bad_lines = self._bad_tokens = 0
        self._hears_events = self._leaving = self._is_half_closed = False
        self.is_gone = False
        self._idle: asyncio.TimerHandle | None = None

    # -- the socket ---------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._outbox = Outbox(transport, self._limits.backlog)
        _keep_alive(transport.get_extra_info("socket"))
        if not self._house.seat(self):
            self._say(wire.failed("", "too many connections"))
            self._leave()
            return
        self._look_again_in(self._limits.idle_seconds)
        if not self._house.token:
            self._let_in()

    def data_received(self, data: bytes) -> None:
        if self._leaving:
            return
        self._heard = self._loop.time()
        try:
            for line in self._lines.feed(data):
                self._take(line)
                if self._leaving:
                    return
        except LineTooLong:
            self._say(wire.failed("", "line too long"))
            self._leave()
        except SpeaksHttp:
            self._leave()

    def eof_received(self) -> bool:
        """Who has said everything still hears the answers."""
        self._is_half_closed = True
        if self._leaving:
            return False
        if not self._tasks:
            self._leave()
        return True

    def pause_writing(self) -> None:
        """Whoever does not read what comes back is not read from either."""
        self._outbox.pause()
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._heard = self._loop.time()
        self._outbox.resume()
        if not self._transport.is_closing():
            self._transport.resume_reading()

    def connection_lost(self, error: Exception | None) -> None:
        self._leaving = self.is_gone = True
        self._forget()

    @property
    def peer(self) -> tuple[str, int]:
        return self._transport.get_extra_info("peername")[:2]  # type: ignore[no-any-return]

    @property
    def is_waiting(self) -> bool:
        """Whether the client reads too slowly to hear everything at once."""
        return self._outbox.is_paused

    @property
    def dropped_lines(self) -> int:
        return self._outbox.dropped

    # -- requests -----------------------------------------------------------------------------------------------------

    def _take(self, line: bytes) -> None:
        try:
            request = parse(line)
        except Unparsable as error:
            self._say(wire.failed("", f"parse error: {error}"))
            self._bad_lines += 1
            if self._bad_lines >= self._limits.bad_lines:
                self._leave()
            return
        except Unsupported as error:
            self._say(wire.failed(error.id, "rate limited" if self._is_too_fast() else "unsupported frame"))
            return
        if self._is_too_fast():
            self._say(wire.failed(request.id, "rate limited"))
        elif self._may_ask(request):
            task = self._loop.create_task(self._answer(request))
            self._tasks.add(task)
            task.add_done_callback(self._answered)

    def _is_too_fast(self) -> bool:
        now, rate = self._loop.time(), self._limits.requests_per_second
        self._allowance = min(rate, self._allowance + (now - self._counted) * rate)
        self._counted = now
        if self._allowance < 1:
            return True
        self._allowance -= 1
        return False

    def _may_ask(self, request: Request) -> bool:
        if not self._house.token:
            return True
        given = request.token if isinstance(request.token, str) else ""
        if hmac.compare_digest(given.encode(), self._house.token.encode()):
            self._let_in()
            return True
        self._say(wire.failed(request.id, "unauthorized"))
        self._bad_tokens += 1
        if self._bad_tokens >= self._limits.bad_tokens:
            log.warning("control_channel_refused", why="three requests without the right token")
            self._leave()
        return False

    async def _answer(self, request: Request) -> None:
        try:
            said = wire.answered(request.id, await self._house.answer(request.method, request.params))
        except UnknownMethod:
            said = wire.failed(request.id, f"unknown method: {wire.named(request.method)}")
        except InvalidParams as error:
            said = wire.failed(request.id, f"invalid params: {error}")
        except Exception:
            log.exception("control_method_failed", method=wire.named(request.method))
            said = wire.failed(request.id, "internal error")
        if not self._leaving:
            self._say(said)

    def _answered(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if self._is_half_closed and not self._tasks and not self._leaving:
            self._leave()

    # -- what is said -------------------------------------------------------------------------------------------------

    def tell(self, line: bytes, *, is_log: bool = False) -> None:
        """An event, to whoever has shown that it may hear of it."""
        if self._hears_events and not self._leaving:
            self._say(line, may_be_dropped=is_log)

    def say_last(self, line: bytes) -> None:
        self.tell(line)
        self._leave()

    def _let_in(self) -> None:
        if not self._hears_events:
            self._hears_events = True
            for line in self._house.greeting():
                self._say(line)

    def _say(self, line: bytes, *, may_be_dropped: bool = False) -> None:
        if self._transport.is_closing():
            return
        if len(line) > CAP:
            log.warning("control_line_left_out", size=len(line))
            return
        if not self._outbox.is_paused:
            self._heard = self._loop.time()
        try:
            self._outbox.put(line, may_be_dropped=may_be_dropped)
        except Overflow:
            log.warning("control_client_cut_off", why="it does not read")
            self._leaving = True
            self._transport.abort()

    # -- the end ------------------------------------------------------------------------------------------------------

    def _look_again_in(self, seconds: float) -> None:
        self._idle = self._loop.call_later(seconds, self._look_whether_idle)

    def _look_whether_idle(self) -> None:
        left = self._heard + self._limits.idle_seconds - self._loop.time()
        if left > 0:
            self._look_again_in(left)
        else:
            self._leave()

    def _leave(self) -> None:
        """Close, but let the client read what was said: data of its own that nobody reads would cut that short."""
        if self._leaving:
            return
        self._leaving = True
        self._forget()
        if self._transport.is_closing():
            return
        self._outbox.flush_all()
        self._transport.resume_reading()
        with contextlib.suppress(OSError):  # it has hung up itself, by a reset that was not noticed yet
            self._transport.write_eof()
        if self._is_half_closed:
            self._transport.close()
        self._loop.call_later(self._limits.lingering_seconds, self._transport.abort)

    def _forget(self) -> None:
        self._house.free(self)
        if self._idle is not None:
            self._idle.cancel()


def _keep_alive(connected: socket.socket) -> None:
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
