"""The wires on which this process tells what happens: each with its encoder, and what it counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import structlog

from activity.models import Event
from core.metrics import STREAM_DROPS, STREAM_FRAMES, STREAM_RESYNCS

from . import portraits
from .wire import sse, ws
from .wire.frames import Frame

log = structlog.get_logger(__name__)


class Dialect:
    """`encode` is a pure function; what it cannot know from the event alone, `look_up` fetches for a page of them."""

    def __init__(
        self,
        name: str,
        encode: Callable[..., Frame | None],
        *,
        hints: Callable[[Iterable[Event]], list[Frame]] | None = None,
        look_up: Callable[[Sequence[Event]], object] | None = None,
    ) -> None:
        self.name = name
        # The last event that those who listen have been told of.
        self.told = 0
        self.frames = STREAM_FRAMES.labels(name)
        self._drops, self._resyncs = STREAM_DROPS.labels(name), STREAM_RESYNCS.labels(name)
        self.hints = hints or (lambda events: [])
        self._encode = encode
        self._look_up = look_up

    def count_resync(self, *, dropped: int = 0) -> None:
        """A client has to start over, after so many frames that it could not be given."""
        self._resyncs.inc()
        self._drops.inc(dropped)

    def encode_all(self, events: Sequence[Event]) -> list[Frame]:
        known = (self._look_up(events),) if self._look_up else ()
        return [frame for event in events if (frame := self._encoded(event, *known))]

    def _encoded(self, event: Event, *known: object) -> Frame | None:
        try:
            return self._encode(event, *known)
        except (KeyError, TypeError, ValueError):
            # One event that cannot be told must not silence the others.
            log.exception("event_cannot_be_encoded", id=event.id, kind=event.kind, dialect=self.name)
            return None


SSE = Dialect("sse", sse.encode, hints=sse.touched)
WEBSOCKET = Dialect("websocket", ws.encode, look_up=portraits.of_those_in)
DIALECTS = (SSE, WEBSOCKET)
