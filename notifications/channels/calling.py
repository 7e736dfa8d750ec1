"""One request to somebody else's HTTP API: bounded in time and size, never redirected."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

from .message import Outcome, scrubbed

TIMEOUT = 10
MOST_BYTES = 16_384
# An API may ask for this much patience, in seconds.
MOST_PATIENCE = 3600


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes
    retry_after: str = ""

    @property
    def content(self) -> dict[str, Any]:
        """Its JSON object; empty where it is none."""
        try:
            found = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def may_pass(self) -> bool:
        return self.status == 429 or self.status >= 500

    def failure(self, words: str) -> Outcome:
        patience = int(self.retry_after[:6]) if self.retry_after.isascii() and self.retry_after.isdecimal() else 0
        error = scrubbed(f"HTTP {self.status}: {words}" if words else f"HTTP {self.status}")
        return Outcome(error, self.may_pass, patience=min(patience, MOST_PATIENCE))


async def post(url: str, content: dict[str, Any]) -> Answer | Outcome:
    """The answer, or what went wrong before there was one. The URL may hold a secret: no error names it."""
    import httpcore2

    headers = [("Content-Type", "application/json"), ("User-Agent", "MissionControl-Notifications/1")]
    try:
        async with (
            asyncio.timeout(TIMEOUT),
            httpcore2.AsyncConnectionPool(ssl_context=_trust()) as pool,
            pool.stream("POST", url, headers=headers, content=orjson.dumps(content)) as answer,
        ):
            body = b""
            async for piece in answer.aiter_stream():
                body += piece
                if len(body) >= MOST_BYTES:
                    break
            found = {name.lower(): value for name, value in answer.headers}
            patience = found.get(b"retry-after", b"").decode("latin-1").strip()
            return Answer(answer.status, body[:MOST_BYTES], patience)
    except (TimeoutError, httpcore2.TimeoutException):
        return Outcome(f"Timeout ({TIMEOUT}s)", passing=True)
    except (httpcore2.NetworkError, httpcore2.ProtocolError, OSError) as error:
        return Outcome(f"Network error: {type(error).__name__}", passing=True)


@lru_cache(maxsize=1)
def _trust() -> ssl.SSLContext:
    return ssl.create_default_context()
