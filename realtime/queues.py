"""What one stream asked for, and what waits to be written to it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from .wire.sse import TICK, Frame

QUEUE_FRAMES = 500
QUEUE_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Wish:
    """What a stream asked for in its address."""

    workspace_id: int
    types: tuple[str, ...] = ()
    agents: frozenset[str] = frozenset()
    tick: bool = False

    def wants(self, frame: Frame) -> bool:
        if frame.types == TICK:
            return self.tick and frame.workspace_id in (None, self.workspace_id)
        if frame.workspace_id != self.workspace_id:
            return False
        if self.agents and self.agents.isdisjoint((str(frame.agent_id), frame.agent_name)):
            return False
        return not self.types or any(fnmatchcase(name, wanted) for name in frame.types for wanted in self.types)


class Queue:
    """What waits to be written to one client: at most 500 frames or 1 MiB, transient ones dropped first.

    `wake` is called whenever something waits.
    """

    __slots__ = ("_bytes", "_frames", "after", "overflowed", "wake", "wish")

    def __init__(self, wish: Wish, wake: Callable[[], None]) -> None:
        self.wish = wish
        self.wake = wake
        self.after = 0
        self.overflowed = False
        # Made when something comes: most streams have nothing waiting most of the time.
        self._frames: deque[Frame] | None = None
        self._bytes = 0

    def take(self, frames: list[Frame]) -> None:
        for frame in frames:
            if self.wish.wants(frame) and (frame.transient or frame.id > self.after):
                self._add(frame)
        if self._frames or self.overflowed:
            self.wake()

    def _add(self, frame: Frame) -> None:
        if self._is_full_for(frame):
            self._keep(lambda waiting: not waiting.transient)
            if frame.transient:
                return
            if self._is_full_for(frame):
                self.overflowed = True
                return
        if self._frames is None:
            self._frames = deque()
        self._frames.append(frame)
        self._bytes += len(frame.body)

    def _is_full_for(self, frame: Frame) -> bool:
        return len(self._frames or ()) >= QUEUE_FRAMES or self._bytes + len(frame.body) > QUEUE_BYTES

    def skip_to(self, position: int) -> None:
        """The client has seen everything up to there, although the hub may not have."""
        self.after = position
        self._keep(lambda waiting: waiting.transient or waiting.id > position)

    def _keep(self, stays: Callable[[Frame], bool]) -> None:
        self._frames = deque(frame for frame in self._frames or () if stays(frame))
        self._bytes = sum(len(frame.body) for frame in self._frames)

    def drain(self) -> bytes:
        """Everything that waits, as one piece."""
        frames, self._frames, self._bytes = self._frames, None, 0
        return b"".join(frame.body for frame in frames or ())
