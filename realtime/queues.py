"""What one listener asked for, and what waits to be written to it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import ClassVar, Protocol

from .wire.frames import TICK, Frame

QUEUE_FRAMES = 500
QUEUE_BYTES = 1024 * 1024


class Taste(Protocol):
    @property
    def include(self) -> frozenset[str]:
        """What is wanted besides what everybody hears."""

    def wants(self, frame: Frame) -> bool: ...


@dataclass(frozen=True, slots=True)
class Wish:
    """What an event stream asked for in its address."""

    workspace_id: int
    types: tuple[str, ...] = ()
    agents: frozenset[str] = frozenset()
    include: frozenset[str] = frozenset()

    def wants(self, frame: Frame) -> bool:
        if frame.needs:
            if frame.needs not in self.include:
                return False
            if frame.needs == TICK:
                return frame.workspace_id in (None, self.workspace_id)
        if frame.workspace_id != self.workspace_id:
            return False
        if self.agents and self.agents.isdisjoint((str(frame.agent_id), frame.agent_name)):
            return False
        return not self.types or any(fnmatchcase(name, wanted) for name in frame.types for wanted in self.types)


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a socket asked for: of the workspaces that its credential can see (`None` is every one), those it named,
    or all of them."""

    visible: int | None
    named: frozenset[int] = frozenset()
    include: frozenset[str] = frozenset()

    def wants(self, frame: Frame) -> bool:
        if frame.needs and frame.needs not in self.include:
            return False
        if self.visible is not None and frame.workspace_id != self.visible:
            return False
        return not self.named or frame.workspace_id in self.named


class Queue:
    """What waits to be written to one client: at most 500 frames or 1 MiB, transient ones dropped first.

    `wake` is called whenever something waits.
    """

    __slots__ = ("_bytes", "_frames", "after", "dropped", "overflowed", "wake", "wish")
    frames_at_most: ClassVar[int] = QUEUE_FRAMES
    bytes_at_most: ClassVar[int] = QUEUE_BYTES

    def __init__(self, wish: Taste, wake: Callable[[], None]) -> None:
        self.wish = wish
        self.wake = wake
        self.after = 0
        self.dropped = 0
        self.overflowed = False
        # Made when something comes: most streams have nothing waiting most of the time.
        self._frames: deque[Frame] | None = None
        self._bytes = 0

    def take(self, frames: list[Frame]) -> None:
        wants = self.wish.wants
        for frame in frames:
            if wants(frame) and (frame.id > self.after or not frame.id):
                self._add(frame)
        if self._frames or self.overflowed:
            self.wake()

    def _add(self, frame: Frame) -> None:
        if self.overflowed:
            return
        if self._is_full_for(frame):
            before = len(self._frames or ())
            self._make_room()
            self.dropped += before - len(self._frames or ())
            if self._is_full_for(frame):
                self.dropped += 1
                self.overflowed = self.overflowed or not frame.transient
                return
        if self._frames is None:
            self._frames = deque()
        self._frames.append(frame)
        self._bytes += len(frame.body)

    def _is_full_for(self, frame: Frame) -> bool:
        return len(self._frames or ()) >= self.frames_at_most or self._bytes + len(frame.body) > self.bytes_at_most

    def _make_room(self) -> None:
        self._keep(lambda waiting: not waiting.transient)

    def skip_to(self, position: int) -> None:
        """The client has seen everything up to there, although the hub may not have."""
        self.after = position
        self._keep(lambda waiting: not waiting.id or waiting.id > position)

    def _keep(self, stays: Callable[[Frame], bool]) -> None:
        self._frames = deque(frame for frame in self._frames or () if stays(frame))
        self._bytes = sum(len(frame.body) for frame in self._frames)

    def drain(self) -> bytes:
        """Everything that waits, as one piece."""
        frames, self._frames, self._bytes = self._frames, None, 0
        return b"".join(frame.body for frame in frames or ())


class SocketQueue(Queue):
    """At most 1,000 frames or 2 MiB. Of logs and todos the newest stay, chunks of text go."""

    __slots__ = ()
    frames_at_most = 1_000
    bytes_at_most = 2 * QUEUE_BYTES

    def _make_room(self) -> None:
        newest = {frame.slot: frame for frame in self._frames or () if frame.slot}
        self._keep(lambda waiting: not waiting.transient and (not waiting.slot or newest[waiting.slot] is waiting))
