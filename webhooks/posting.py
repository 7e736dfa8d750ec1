"""One request to one endpoint: bounded in time and size, never redirected, never to an address inside."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import structlog
from django.conf import settings

from core import tracing
from core.errors import Invalid

from . import signing
from .targets import target_of

if TYPE_CHECKING:
    from .client import Lines

log = structlog.get_logger(__name__)
TIMEOUT = 10
TIMED_OUT = f"Timeout ({TIMEOUT}s)"
# An endpoint may ask for this much patience, in seconds.
MOST_PATIENCE = 28_800


@dataclass(frozen=True, slots=True)
class Request:
    """`older` are secrets that receivers may still check by."""

    url: str
    event: str
    secret: str | None
    payload: str
    dialect: str = "legacy"
    id: str = ""
    older: tuple[str, ...] = ()
    # Whose it is, and what it comes from: for the log and for traces.
    webhook_id: int = 0
    delivery_id: int | None = None
    event_id: int | None = None
    attempt: int = 0
    request_id: str | None = None
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """`status` and `body` are None when no answer came; `error` then says why."""

    status: int | None
    body: str | None
    error: str | None
    duration_ms: int
    # Seconds that the endpoint wants to be left alone.
    retry_after: int = 0

    @property
    def success(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def post_now(request: Request) -> Outcome:
    """For callers without an event loop."""
    return asyncio.run(post_alone(request))


async def post_alone(request: Request) -> Outcome:
    from .client import Lines

    lines = Lines()
    try:
        return await post(request, lines)
    finally:
        await lines.close()


async def post(request: Request, lines: Lines) -> Outcome:
    """Never raises: what went wrong is part of the outcome."""
    about = {
        "mc.webhook": request.webhook_id,
        "mc.delivery": request.delivery_id,
        "mc.event": request.event_id,
        "mc.attempt": request.attempt + 1,
        "mc.request_id": request.request_id,
    }
    with tracing.span(f"deliver {request.event}", about, kind="client", parent=request.traceparent) as span:
        outcome = await _post(request, lines, span.traceparent)
        span.tell({"http.response.status_code": outcome.status})
        if not outcome.success:
            span.fail(outcome.error or str(outcome.status))
    if settings.LOG_REQUESTS:
        _tell(request, outcome)
    return outcome


def _tell(request: Request, outcome: Outcome) -> None:
    cause = {"request_id": request.request_id} if request.request_id else {}
    log.info(
        "delivered" if outcome.success else "not_delivered",
        webhook=request.webhook_id,
        delivery=request.delivery_id,
        message=request.id,
        event_id=request.event_id,
        kind=request.event,
        attempt=request.attempt + 1,
        status=outcome.status,
        error=outcome.error,
        ms=outcome.duration_ms,
        **cause,
    )


async def _post(request: Request, lines: Lines, traceparent: str | None) -> Outcome:
    from .client import words

    began = time.perf_counter()
    status, body, error, patience = None, None, None, 0
    try:
        content = request.payload.encode()
        headers = signing.headers_of(request, content, at=datetime.now(UTC))
        if traceparent:
            headers["traceparent"] = traceparent
        async with asyncio.timeout(TIMEOUT):
            answer = await lines.ask(target_of(request.url), headers, content)
        status, body, patience = answer.status, answer.body, patience_of(answer.retry_after)
    except TimeoutError:
        error = TIMED_OUT
    except Invalid as refusal:
        error = refusal.message
    except Exception as failure:  # noqa: BLE001 - an endpoint must not stop the sender, whatever it sends
        error = words(failure)
    return Outcome(status, body, error, round((time.perf_counter() - began) * 1000), patience)


def patience_of(header: str) -> int:
    """Seconds, from a `Retry-After` that gives seconds or a date; 0 for none."""
    text = header.strip()
    if text.isascii() and text.isdecimal():
        return min(int(text[:9]), MOST_PATIENCE)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return 0
    seconds = (until.astimezone(UTC) - datetime.now(UTC)).total_seconds()
    return min(max(round(seconds), 0), MOST_PATIENCE)
