"""Server-sent events: from bytes to events, and where to resume."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .errors import ApiError, MissionControlError, NetworkError, RateLimited, ServerError, Unauthorized
from .retry import Attempts, Retry

# The server says something at least every 30 s.
SILENCE = 75.0
LONGEST_WAIT = 30.0


@dataclass(frozen=True, slots=True)
class Event:
    """One event of the server's log; `id` is its position, None on what is no part of the log."""

    id: str | None
    type: str
    data: Any
    timestamp: int | None
    raw: str


class Tail:
    """Follows the stream over any number of connections."""

    def __init__(self, retry: Retry, last_event_id: str | None = None) -> None:
        self.last_event_id = last_event_id
        self._first = Attempts(retry)
        self._reached = False
        self._failures = 0
        self._pause = 3.0
        self._restart()

    def _restart(self) -> None:
        self._rest = b""
        self._lines: list[str] = []
        self._id: str | None = None

    def opened(self) -> None:
        self._restart()
        self._reached = True

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """The events that are complete with this chunk."""
        # Lines are split here, as bytes: str.splitlines would also split at U+2028 inside a text.
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            event = self._line(line.removesuffix(b"\r").decode("utf-8", "replace"))
            if event is None:
                continue
            self._failures = 0
            if event.type == "unauthorized":
                raise Unauthorized(401, {"error": {"code": "UNAUTHORIZED", "message": "the credential has ended"}})
            self._remember(event)
            yield event

    def wait_after(self, error: MissionControlError | None) -> float:
        """Seconds until the next connection; an error that waiting does not mend is raised."""
        if error is None:
            return self._pause * random.uniform(0.5, 1.0)
        passing = isinstance(error, (NetworkError, RateLimited, ServerError))
        if not passing:
            raise error
        if not self._reached:
            wait = self._first.wait_after(error)
            if wait is None:
                raise error
            return wait
        self._failures += 1
        told = error.retry_after if isinstance(error, ApiError) else None
        backoff = min(LONGEST_WAIT, 2.0 ** min(self._failures - 1, 10)) * random.uniform(0.5, 1.0)
        return max(told or 0.0, backoff)

    def _line(self, line: str) -> Event | None:
        if not line:
            return self._dispatch()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._lines.append(value)
        elif name == "id" and "\0" not in value:
            self._id = value
        elif name == "retry" and value.isascii() and value.isdigit():
            self._pause = min(int(value) / 1000, LONGEST_WAIT)
        return None

    def _dispatch(self) -> Event | None:
        raw, number = "\n".join(self._lines), self._id
        self._lines, self._id = [], None
        if not raw:
            return None
        try:
            told = json.loads(raw)
        except ValueError:
            return None
        if not isinstance(told, dict) or not isinstance(told.get("type"), str):
            return None
        return Event(number, told["type"], told.get("data"), told.get("timestamp"), raw)

    def _remember(self, event: Event) -> None:
        if event.id is not None:
            self.last_event_id = event.id
        elif event.type == "resync" and isinstance(event.data, dict) and event.data.get("latest") is not None:
            # What lies between is gone: go on from here, or every connection would begin with the same gap.
            self.last_event_id = str(event.data["latest"])
