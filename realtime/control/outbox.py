"""What waits to go out to one client: bounded, and lines of the server's log give way first."""

from __future__ import annotations

from asyncio import Transport
from collections import deque

# What the transport holds itself, before it asks for a pause.
IN_TRANSPORT = 64 * 1024


class Overflow(Exception):
    """The client takes too little, and there is nothing left to leave out."""


class Outbox:
    def __init__(self, transport: Transport, at_most: int) -> None:
        transport.set_write_buffer_limits(high=IN_TRANSPORT)
        self._transport = transport
        self._at_most = at_most
        self._lines: deque[tuple[bytes, bool]] = deque()
        self._size = 0
        self.is_paused = False
        self.dropped = 0

    def put(self, line: bytes, *, may_be_dropped: bool = False) -> None:
        """Raises Overflow when what waits is too much even without what may be dropped."""
        self._lines.append((line, may_be_dropped))
        self._size += len(line)
        if not self.is_paused:
            self.flush()
        elif self._waiting > self._at_most:
            self._drop()
            if self._waiting > self._at_most:
                raise Overflow

    @property
    def _waiting(self) -> int:
        return self._size + self._transport.get_write_buffer_size()

    def _drop(self) -> None:
        kept = deque(entry for entry in self._lines if not entry[1])
        self.dropped += len(self._lines) - len(kept)
        self._lines, self._size = kept, sum(len(line) for line, _ in kept)

    def pause(self) -> None:
        self.is_paused = True

    def resume(self) -> None:
        self.is_paused = False
        self.flush()

    def flush(self) -> None:
        """As much as the transport takes; writing may make it ask for a pause."""
        while self._lines and not self.is_paused:
            line, _ = self._lines.popleft()
            self._size -= len(line)
            self._transport.write(line)

    def flush_all(self) -> None:
        """Hand over everything, since the end is near."""
        self._transport.write(b"".join(line for line, _ in self._lines))
        self._lines.clear()
        self._size = 0
