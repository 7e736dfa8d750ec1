"""Spans, where the environment asks for traces by the names of OpenTelemetry. Elsewhere nothing of it is even loaded.

`on` is what the hot paths look at; everybody else may simply use `span`, which then does nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

import structlog

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
MISSING = "Install the packages of requirements-tracing.lock, or: pip install 'missioncontrol[tracing]'"
# By the names of OpenTelemetry's conventions; what is None is left out.
Attributes = Mapping[str, Any]
log = structlog.get_logger(__name__)


class Span:
    """One that nobody records. `traceparent` is where it stands, in the words of W3C Trace Context."""

    traceparent: str | None = None

    def tell(self, about: Attributes) -> None: ...

    def rename(self, name: str) -> None: ...

    def fail(self, why: str) -> None: ...


class Recorder(Protocol):
    def span(self, name: str, kind: str, parent: str | None, links: Iterable[str], about: Attributes) -> Any: ...

    def tag(self, about: Attributes) -> None: ...

    def end(self) -> None: ...


NOTHING = Span()
on = False
_recorder: Recorder | None = None


def is_wanted() -> bool:
    exporter = os.environ.get("OTEL_TRACES_EXPORTER", "").strip().lower()
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true" or exporter == "none":
        return False
    return bool(exporter) or any(os.environ.get(name, "").strip() for name in ENDPOINTS)


def begin(process: str) -> None:
    """Once in each process that works, before it does. `process` is what it is called in traces."""
    global on, _recorder
    if on or not is_wanted():
        return
    try:
        from . import otel

        _recorder = otel.Otel(process)
    except ImportError as error:
        log.error("no_traces", missing=error.name, fix=MISSING)
        return
    except Exception as error:  # noqa: BLE001 - whatever is wrong with traces must not keep the product from working
        log.error("no_traces", error=str(error), fix="Look at the OTEL_* variables")
        return
    on = True


def end() -> None:
    """Send what waits."""
    global on, _recorder
    if _recorder is not None:
        _recorder.end()
    on, _recorder = False, None


@contextmanager
def span(
    name: str,
    about: Attributes | None = None,
    *,
    kind: str = "internal",
    parent: str | None = None,
    links: Iterable[str | None] = (),
) -> Iterator[Span]:
    """Under `parent`, another process's span; without one, under what is at work here, if anything is."""
    if _recorder is None:
        yield NOTHING
    else:
        with _recorder.span(name, kind, parent, filter(None, links), about or {}) as made:
            yield made


def tag(about: Attributes) -> None:
    """Tell something more about the request at hand."""
    if _recorder is not None:
        _recorder.tag(about)
