"""How the server fares, put together from probes that may fail or hang: one of them never spoils the rest."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import structlog
from django.conf import settings
from django.db import close_old_connections
from django.utils import timezone

from system import lookup
from system.status import OURSELVES, gateway_address

from . import figures

# Seconds that a snapshot is good for, that a probe may take, and that the gateway may take.
KEPT = 5.0
PROBE_SECONDS, CONNECT_SECONDS = 2.0, 10.0

T = TypeVar("T")
Facts = dict[str, Any]
log = structlog.get_logger(__name__)


class Probes:
    """Runs questions to the database and others in a few threads, and gives up those that take too long. A question
    that still hangs is not asked again: it would only take another thread."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(6, thread_name_prefix="control")
        self._asked: set[str] = set()

    async def ask(self, name: str, question: Callable[[], T], otherwise: T) -> tuple[T, bool, int]:
        """(answer, whether it is one, milliseconds)"""
        began = time.perf_counter()
        if name in self._asked:
            return otherwise, False, 0
        self._asked.add(name)
        asked = asyncio.get_running_loop().run_in_executor(self._pool, _asked, question)
        asked.add_done_callback(lambda done: self._ended(name, done))
        try:
            answer, ok = await asyncio.wait_for(asyncio.shield(asked), PROBE_SECONDS), True
        except Exception as error:  # noqa: BLE001 - whatever ails a dependency is its own affair
            log.debug("control_probe_failed", probe=name, error=type(error).__name__)
            answer, ok = otherwise, False
        return answer, ok, _since(began)

    def _ended(self, name: str, done: asyncio.Future[Any]) -> None:
        self._asked.discard(name)
        if not done.cancelled():
            done.exception()

    async def run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, _asked, work)

    def stop(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


def _asked(question: Callable[[], T]) -> T:
    close_old_connections()
    return question()


class Snapshot:
    def __init__(self, probes: Probes) -> None:
        self._probes = probes
        self._making: asyncio.Task[Facts] | None = None
        self._made = 0.0

    def forget(self) -> None:
        self._making = None

    async def health(self) -> Facts:
        """Whoever asks meanwhile waits for the same one."""
        is_old = self._making is not None and self._making.done() and time.monotonic() - self._made > KEPT
        if self._making is None or is_old:
            self._making = asyncio.get_running_loop().create_task(self._make())
        return await asyncio.shield(self._making)

    async def status(self) -> Facts:
        whole = await self.health()
        web = {key: whole["web"][key] for key in ("linked", "authAgeMs")}
        return {"web": web, **{key: whole[key] for key in ("heartbeatSeconds", "sessions")}}

    async def _make(self) -> Facts:
        began, now, ask = time.perf_counter(), timezone.now(), self._probes.ask
        facts = asyncio.gather(
            ask("connections", lambda: figures.connections(now), figures.NOBODY),
            ask("counts", figures.counts, figures.NO_COUNTS),
            ask("settings", figures.heartbeat_seconds, settings.SWEEP_SECONDS),
        )
        asked = asyncio.gather(
            ask("database", figures.database, False),
            ask("cache", figures.cache, False),
            ask("worker", lambda: figures.worker(now), False),
        )
        gateway = await self._gateway()
        (connected, _, _), (counts, _, _), (seconds, _, _) = await facts
        checks = dict(zip(("db", "cache", "worker"), await asked, strict=True))
        web = {**connected["web"], "connect": gateway} if gateway else connected["web"]
        self._made = time.monotonic()
        return {
            "ok": True,
            "ts": int(time.time() * 1000),
            "durationMs": _since(began),
            "web": web,
            **figures.integrations(),
            "heartbeatSeconds": seconds,
            "sessions": connected["sessions"],
            **counts,
            **{name: {"ok": ok, "latencyMs": took} for name, (ok, _, took) in checks.items()},
            "version": settings.VERSION,
            "pid": os.getpid(),
        }

    async def _gateway(self) -> Facts | None:
        """Whether the gateway takes connections, if somebody named one that is not this very channel."""
        where, _, _ = await self._probes.ask("gateway", _gateway_named, otherwise=None)
        if where is None:
            return None
        began, error = time.perf_counter(), None
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                _, writer = await asyncio.open_connection(*where)
                writer.close()
        except TimeoutError:
            error = "timeout"
        except (OSError, OverflowError, UnicodeError) as trouble:
            number = getattr(trouble, "errno", None)
            error = os.strerror(number).lower() if number else "cannot be reached"
        return {"ok": error is None, "status": None, "error": error, "elapsedMs": _since(began)}


def _gateway_named() -> tuple[str, int] | None:
    if not (lookup.is_set("gateway.host") or lookup.is_set("gateway.port")):
        return None
    host, port = gateway_address()
    return None if port == settings.CONTROL_PORT and host in OURSELVES else (host, port)


def _since(began: float) -> int:
    return int((time.perf_counter() - began) * 1000)
