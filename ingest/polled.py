"""The lists that clients poll, answered from memory while nothing has changed.

A read that was computed at a position of the log is right as long as the log stands there, so there is no
invalidation: an entry is used only if its version is still the present one. What changes without an event (an
agent's `last_seen`) may be up to a second old in a list, as long as it is not the caller's own write
through the same process.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from accounts import credentials
from accounts.scopes import presented_by
from core.actors import Actor, Role
from core.http import headers_of
from core.outages import OUTAGE

from .gauge import Gauge, Version

PATHS = {"/api/tasks", "/api/agents", "/api/connect", "/api/activities"}
# Lists that show what beats change: their entries live a second at most once anything was written.
BEATEN = {"/api/agents", "/api/connect"}
BEATS_MAY_LAG = 1.0
LARGEST_BODY = 1024 * 1024
BYTES_AT_MOST = 8 * 1024 * 1024
CALLERS_AT_MOST = 10_000
Key = tuple[int, str, str, bytes]
Caller = tuple[str, int, str]


@dataclass(slots=True)
class Entry:
    version: Version
    began: float
    headers: list[tuple[bytes, bytes]]
    body: bytes
    etag: bytes


class Polled:
    """Wraps the application that computes the lists."""

    def __init__(self, inner: Any, gauge: Gauge) -> None:
        self.inner = inner
        self._gauge = gauge
        self._entries: OrderedDict[Key, Entry] = OrderedDict()
        self._running: dict[tuple[Key, Version], asyncio.Future[None]] = {}
        self._bytes = 0
        self._wrote: dict[Caller, float] = {}

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["method"] != "GET" or scope["path"] not in PATHS or b"stats" in scope["query_string"]:
            await self.inner(scope, receive, send)
            return
        known, actor = credentials.remembered(presented_by(scope))
        if not known or actor is None or not actor.can(Role.VIEWER):
            # Whoever is not known yet is looked up by the list's own view, and remembered by it.
            await self.inner(scope, receive, send)
            return
        scope["route"] = scope["path"]
        own_write = self._wrote.get(_caller(actor), 0.0)
        await self._answer(_key(scope, actor), own_write, scope, receive, send)

    def wrote(self, actor: Actor) -> None:
        """This caller's report has just been acknowledged: no list it gets from here on may be older."""
        now = time.monotonic()
        if len(self._wrote) >= CALLERS_AT_MOST:
            self._wrote = {caller: at for caller, at in self._wrote.items() if now - at < BEATS_MAY_LAG}
        self._wrote[_caller(actor)] = now

    async def _answer(self, key: Key, own_write: float, scope: dict[str, Any], receive: Any, send: Any) -> None:
        began = time.monotonic()
        try:
            version = await self._gauge.read()
        except OUTAGE:
            # The list's own view says so in its words.
            await self.inner(scope, receive, send)
            return
        entry = self._entries.get(key)
        if entry is None or not _is_fresh(entry, version, scope["path"], own_write):
            await self._compute(key, version, began, own_write, scope, receive, send)
            return
        self._entries.move_to_end(key)
        if headers_of(scope).get(b"if-none-match") == entry.etag:
            await send({"type": "http.response.start", "status": 304, "headers": [(b"etag", entry.etag)]})
            await send({"type": "http.response.body", "body": b""})
            return
        await send({"type": "http.response.start", "status": 200, "headers": entry.headers})
        await send({"type": "http.response.body", "body": entry.body})

    async def _compute(
        self, key: Key, version: Version, began: float, own_write: float, scope: Any, receive: Any, send: Any
    ) -> None:
        """Let one request compute the list; those that ask meanwhile at the same version wait for it."""
        running = self._running.get((key, version))
        if running is not None:
            await running
            await self._answer(key, own_write, scope, receive, send)
            return
        done = self._running[key, version] = asyncio.get_running_loop().create_future()
        try:
            await self.inner(scope, receive, _Recorder(self, key, version, began, send))
        finally:
            del self._running[key, version]
            done.set_result(None)

    def keep(self, key: Key, entry: Entry) -> None:
        replaced = self._entries.pop(key, None)
        self._entries[key] = entry
        self._bytes += len(entry.body) - (len(replaced.body) if replaced else 0)
        while self._bytes > BYTES_AT_MOST:
            _, oldest = self._entries.popitem(last=False)
            self._bytes -= len(oldest.body)


class _Recorder:
    """Passes an answer on and keeps a copy of a good one, with its ETag."""

    def __init__(self, polled: Polled, key: Key, version: Version, began: float, send: Any) -> None:
        self._polled, self._key, self._version, self._began, self._send = polled, key, version, began, send
        self._start: dict[str, Any] = {}

    async def __call__(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        body = message.get("body", b"")
        if self._start["status"] == 200 and not message.get("more_body") and len(body) <= LARGEST_BODY:
            etag = b'"%s"' % blake2b(body, digest_size=12).hexdigest().encode()
            headers = [*self._start["headers"], (b"etag", etag)]
            self._start = {**self._start, "headers": headers}
            self._polled.keep(self._key, Entry(self._version, self._began, headers, body, etag))
        await self._send(self._start)
        await self._send(message)


def _is_fresh(entry: Entry, version: Version, path: str, own_write: float) -> bool:
    if entry.version.log != version.log:
        return False
    if path not in BEATEN or entry.version.writes == version.writes:
        return True
    return entry.began > own_write and time.monotonic() - entry.began < BEATS_MAY_LAG


def _caller(actor: Actor) -> Caller:
    return actor.kind, actor.id, actor.agent_name or ""


def _key(scope: dict[str, Any], actor: Actor) -> Key:
    return (
        actor.workspace_id,
        actor.agent_name or "" if actor.is_agent_scoped else "",
        scope["path"],
        scope["query_string"],
    )
