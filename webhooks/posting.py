"""One request to one endpoint: bounded in time and size, never redirected, never to an address inside."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from core.errors import Invalid

from .addresses import check_url

TIMEOUT = 10
TIMED_OUT = f"Timeout ({TIMEOUT}s)"


@dataclass(frozen=True, slots=True)
class Request:
    url: str
    event: str
    secret: str | None
    payload: str
    dialect: str = "legacy"


@dataclass(frozen=True, slots=True)
class Outcome:
    """`status` and `body` are None when no answer came; `error` then says why."""

    status: int | None
    body: str | None
    error: str | None
    duration_ms: int

    @property
    def success(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def post_now(request: Request) -> Outcome:
    """For callers without an event loop."""
    return asyncio.run(post(request))


async def post(request: Request) -> Outcome:
    """Never raises: what went wrong is part of the outcome."""
    from . import client

    began = time.perf_counter()
    status, body, error = None, None, None
    try:
        check_url(request.url)
        async with asyncio.timeout(TIMEOUT):
            status, body = await client.ask(request)
    except TimeoutError:
        error = TIMED_OUT
    except Invalid as refusal:
        error = refusal.message
    except Exception as failure:  # noqa: BLE001 - an endpoint must not stop the sender, whatever it sends
        error = client.words(failure)
    return Outcome(status, body, error, round((time.perf_counter() - began) * 1000))
