"""One request to one endpoint: bounded in time and size, never redirected, never to an address inside."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from core.errors import Invalid

from . import signing
from .targets import target_of

if TYPE_CHECKING:
    from .client import Line

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
    from .client import Line

    line = Line()
    try:
        return await post(request, line)
    finally:
        await line.close()


async def post(request: Request, line: Line) -> Outcome:
    """Never raises: what went wrong is part of the outcome."""
    from .client import words

    began = time.perf_counter()
    status, body, error, patience = None, None, None, 0
    try:
        content = request.payload.encode()
        headers = signing.headers_of(request, content, at=datetime.now(UTC))
        async with asyncio.timeout(TIMEOUT):
            answer = await line.ask(target_of(request.url), headers, content)
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
