"""A span for every transaction of something that is traced, named for the service that opened it."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

from django.db.transaction import Atomic, get_connection
from opentelemetry import trace
from opentelemetry.trace import Status, StatusCode, Tracer

SPAN = "_transaction_span"
_enter, _exit = Atomic.__enter__, Atomic.__exit__


def watch_transactions(tracer: Tracer) -> None:
    """Django has no hook for this: its own two methods are wrapped, in processes that are traced alone."""

    def enter(self: Atomic) -> None:
        connection = get_connection(self.using)
        if not connection.in_atomic_block and trace.get_current_span().is_recording():
            name = f"transaction {_service(sys._getframe(1))}"
            setattr(connection, SPAN, tracer.start_span(name, attributes={"db.system.name": connection.vendor}))
        _enter(self)

    def leave(self: Atomic, kind: Any, error: Any, at: Any) -> None:
        connection = get_connection(self.using)
        try:
            _exit(self, kind, error, at)
        finally:
            made = connection.__dict__.pop(SPAN, None) if not connection.in_atomic_block else None
            if made is not None:
                if kind is not None:
                    made.set_status(Status(StatusCode.ERROR, kind.__name__))
                made.end()

    Atomic.__enter__, Atomic.__exit__ = enter, leave  # type: ignore[method-assign]


def _service(frame: FrameType | None) -> str:
    """Used as a decorator, it is entered by a function of the library that knows the decorated one as `func`."""
    if frame is None:
        return ""
    func = frame.f_locals.get("func") if frame.f_code.co_name == "inner" else None
    if func is not None:
        return f"{func.__module__}.{func.__qualname__}"
    return f"{frame.f_globals.get('__name__', '')}.{frame.f_code.co_qualname}"
