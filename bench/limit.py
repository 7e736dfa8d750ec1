"""The limit to compare with: what the ASGI server does when the application does nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from bench.wire import free_port, wait_until_answered

HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"2")]
HEAD = {"type": "http.response.start", "status": 200, "headers": HEADERS}
BODY = {"type": "http.response.body", "body": b"{}"}
COMMAND = (sys.executable, "-m", "uvicorn", "--no-access-log", "--log-level", "warning", "bench.limit:application")


async def application(
    scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[dict[str, Any]], Awaitable[None]]
) -> None:
    if scope["type"] == "http":
        await send(HEAD)
        await send(BODY)


@contextmanager
def bare_server() -> Iterator[str]:
    port = free_port()
    process = subprocess.Popen([*COMMAND, "--port", str(port)])
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until_answered(f"{url}/", {}, patience=10)
        yield url
    finally:
        process.terminate()
        process.wait(5)
