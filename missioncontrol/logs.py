"""Structured logs: one line an event, with the id of the request it belongs to."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog


def configure(format: str, level: str) -> None:
    """`console` for people, `json` for machines."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.ExtraAdder(),
        structlog.processors.format_exc_info,
    ]
    renderer: Any = structlog.processors.JSONRenderer()
    if format != "json":
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    # Django warns of every 4xx; those are the callers' affair, and the edge logs what is ours.
    logging.getLogger("django.request").setLevel("ERROR")
    # Each job would be told three times; its own log says what it did.
    logging.getLogger("celery").setLevel("WARNING")
    logging.getLogger("kombu").setLevel("ERROR")
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
