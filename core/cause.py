"""What the work at hand is done for: a request, or a run of a job. Its id joins the lines of the log, the events that
were recorded and the deliveries that tell of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cause:
    """`traceparent` is where it stands in a trace (W3C Trace Context), while there are traces."""

    request_id: str
    traceparent: str | None = None


_current: ContextVar[Cause | None] = ContextVar("cause", default=None)
current = _current.get
# For who is at the beginning of everything that follows in its context.
begin = _current.set


@contextmanager
def because_of(cause: Cause | None) -> Iterator[None]:
    token = _current.set(cause)
    try:
        yield
    finally:
        _current.reset(token)
