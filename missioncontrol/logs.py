"""Structured logs: one line an event, with the id of the request or run that it belongs to, and without secrets."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog
from django.conf import settings

from core import cause
from core.secrets import REDACTED, redact

Line = MutableMapping[str, Any]
# At DEBUG they tell the headers, addresses and bodies of what they send and receive.
TOO_FRANK = (
    "asyncio", "celery", "django.db.backends", "h11", "h2", "hpack", "httpcore2", "httpx2", "kombu", "opentelemetry",
    "psycopg", "requests", "urllib3",
)  # fmt: skip
# What a query or an address tells beside what it asks for, whatever it looks like.
IN_AN_ADDRESS = re.compile(
    r"(?i)(?P<kept>[?&;](?:[a-z0-9_.-]{0,40}(?:token|key|secret|password|passwd|signature|code|auth|credential)"
    r"[a-z0-9_-]{0,20})=)[^&;\s\"'<>]+"
)
USER_INFO = re.compile(r"(?P<kept>\b[a-z][a-z0-9+.-]{1,20}://)[^\s/@\"']{1,500}@")


def configure(format: str, level: str) -> None:
    """`console` for people, `json` for machines."""
    shared: list[Any] = [
        _add_cause,
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
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _without_secrets, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler, *_for_the_control_channel()]
    root.setLevel(level)
    for name in TOO_FRANK:
        logging.getLogger(name).setLevel(max(root.level, logging.INFO))
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


def _for_the_control_channel() -> list[logging.Handler]:
    if not (settings.CONTROL_CHANNEL and settings.CONTROL_LOG):
        return []
    from activity.loglines import ToTheLog

    return [ToTheLog()]


def _add_cause(logger: Any, name: str, line: Line) -> Line:
    why = cause.current()
    if why is not None:
        line.setdefault("request_id", why.request_id)
        if why.traceparent:
            line.setdefault("trace_id", why.traceparent[3:35])
    return line


def _without_secrets(logger: Any, name: str, line: Line) -> Line:
    for key, value in line.items():
        if isinstance(value, str):
            line[key] = scrubbed(value)
        elif not isinstance(value, int | float | None):
            # Requests, too: what they show of themselves is the whole address.
            line[key] = scrubbed(repr(value))
    return line


def scrubbed(text: str) -> str:
    text = USER_INFO.sub(rf"\g<kept>{REDACTED}@", IN_AN_ADDRESS.sub(rf"\g<kept>{REDACTED}", text))
    return redact(text)[0]
