"""Traces by OpenTelemetry's own SDK, which reads the rest of the OTEL_* variables. Loaded where they are wanted."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.conf import settings
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SpanExporter
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from .otel_transactions import watch_transactions
from .tracing import Attributes, Span

KINDS = {kind.name.lower(): kind for kind in SpanKind}
MOST_LINKS = 32
PROTOCOL = "http/protobuf"
_request: ContextVar[trace.Span | None] = ContextVar("request span", default=None)
_words = TraceContextTextMapPropagator()


class Otel:
    """One process's way out for spans."""

    def __init__(self, process: str) -> None:
        exporter = _exporter()
        named = {} if _is_named() else {"service.name": f"missioncontrol-{process}"}
        resource = Resource.create({"service.version": settings.VERSION, "process.pid": os.getpid(), **named})
        self._provider = TracerProvider(resource=resource)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("missioncontrol", settings.VERSION)
        watch_transactions(self._tracer)

    @contextmanager
    def span(
        self, name: str, kind: str, parent: str | None, links: Iterable[str], about: Attributes
    ) -> Iterator[Recorded]:
        context = _words.extract({"traceparent": parent}) if parent else None
        found = [Link(each) for each in map(_context_of, list(dict.fromkeys(links))[:MOST_LINKS]) if each]
        # Its own words for what went wrong would be those of the exception, which may tell anything.
        with self._tracer.start_as_current_span(
            name, context, KINDS[kind], _given(about), found, record_exception=False, set_status_on_exception=False
        ) as made:
            token = _request.set(made) if kind == "server" else None
            try:
                yield Recorded(made)
            except BaseException as error:
                made.set_status(Status(StatusCode.ERROR, type(error).__name__))
                raise
            finally:
                if token is not None:
                    _request.reset(token)

    def tag(self, about: Attributes) -> None:
        found = _request.get()
        if found is not None:
            found.set_attributes(_given(about))

    def end(self) -> None:
        self._provider.shutdown()


class Recorded(Span):
    def __init__(self, span: trace.Span) -> None:
        self._span = span
        carrier: dict[str, str] = {}
        _words.inject(carrier, trace.set_span_in_context(span))
        self.traceparent = carrier.get("traceparent")

    def tell(self, about: Attributes) -> None:
        self._span.set_attributes(_given(about))

    def rename(self, name: str) -> None:
        self._span.update_name(name)

    def fail(self, why: str) -> None:
        self._span.set_status(Status(StatusCode.ERROR, why))


def _exporter() -> SpanExporter:
    if os.environ.get("OTEL_TRACES_EXPORTER", "").strip().lower() == "console":
        return ConsoleSpanExporter()
    for name in ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"):
        if (wanted := os.environ.get(name, "").strip() or PROTOCOL) != PROTOCOL:
            raise ValueError(f"{name} is {wanted}: traces go out by {PROTOCOL} alone")
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter()


def _is_named() -> bool:
    given = os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    return bool(os.environ.get("OTEL_SERVICE_NAME")) or "service.name=" in given


def _given(about: Attributes) -> dict[str, Any]:
    return {name: value for name, value in about.items() if value is not None}


def _context_of(traceparent: str) -> SpanContext | None:
    found = trace.get_current_span(_words.extract({"traceparent": traceparent})).get_span_context()
    return found if found.is_valid else None
