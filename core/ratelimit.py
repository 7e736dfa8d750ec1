"""Fixed-window rate limits, counted once for all processes of a machine (or of a fleet, while Redis answers).

The counters live in a side file next to the database, without durability: losing them costs nobody anything.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from .redislink import Link

KEYS_AT_MOST = 10_000
PURGE_EVERY = 1_000


@dataclass(frozen=True, slots=True)
class Limit:
    """`allowed` requests per `seconds` and key. A `critical` limit holds even when limits are switched off."""

    name: str
    allowed: int
    message: str
    seconds: int = 60
    critical: bool = False
    headers: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    hits: int
    resets_at: int  # Unix seconds


class Counters(Protocol):
    def hit(self, key: str, *, seconds: int, now: float) -> Verdict:
        """Count one request in the window of `key`, opening a new window when the old one has passed."""

    def seen(self, key: str, *, now: float) -> int:
        """How many requests the window of `key` has counted."""


@dataclass(frozen=True, slots=True)
class Usage:
    """How far a key has used up a limit. `resets_at` in Unix seconds."""

    allowed: int
    used: int
    resets_at: int

    @property
    def is_over(self) -> bool:
        return self.used > self.allowed

    @property
    def headers(self) -> dict[str, str]:
        return {
            "X-RateLimit-Limit": str(self.allowed),
            "X-RateLimit-Remaining": str(max(0, self.allowed - self.used)),
            "X-RateLimit-Reset": str(self.resets_at),
        }


class FileCounters:
    """Shared by the processes of one machine."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()
        self._hits = 0

    def hit(self, key: str, *, seconds: int, now: float) -> Verdict:
        self._hits += 1
        if self._hits % PURGE_EVERY == 0:
            self._purge(int(now))
        row = self._database.execute(
            """INSERT INTO hits (key, resets_at, n) VALUES (?1, ?3, 1) ON CONFLICT (key) DO UPDATE SET
                 n = CASE WHEN resets_at <= ?2 THEN 1 ELSE n + 1 END,
                 resets_at = CASE WHEN resets_at <= ?2 THEN excluded.resets_at ELSE resets_at END
               RETURNING n, resets_at""",
            (key, int(now), int(now) + seconds),
        ).fetchone()
        return Verdict(row[0], row[1])

    def seen(self, key: str, *, now: float) -> int:
        row = self._database.execute("SELECT n FROM hits WHERE key = ? AND resets_at > ?", (key, int(now))).fetchone()
        return row[0] if row else 0

    @property
    def _database(self) -> sqlite3.Connection:
        if not hasattr(self._local, "database"):
            database = sqlite3.connect(self._path, timeout=10, isolation_level=None)
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("PRAGMA synchronous=OFF")
            database.execute(
                "CREATE TABLE IF NOT EXISTS hits (key TEXT PRIMARY KEY, resets_at INT, n INT) WITHOUT ROWID"
            )
            self._local.database = database
        connection: sqlite3.Connection = self._local.database
        return connection

    def _purge(self, now: int) -> None:
        self._database.execute("DELETE FROM hits WHERE resets_at <= ?", (now,))
        self._database.execute(
            "DELETE FROM hits WHERE key IN (SELECT key FROM hits ORDER BY resets_at LIMIT max(0, "
            "(SELECT count(*) FROM hits) - ?))",
            (KEYS_AT_MOST,),
        )


class RedisCounters:
    """Shared by every machine that has the same Redis; while that is away, each machine counts by itself."""

    def __init__(self, link: Link, alone: Counters) -> None:
        self._link = link
        self._alone = alone

    def hit(self, key: str, *, seconds: int, now: float) -> Verdict:
        counted = self._link.ask(partial(self._hit, f"limit:{key}", seconds))
        if counted is None:
            return self._alone.hit(key, seconds=seconds, now=now)
        hits, left = counted
        return Verdict(hits, int(now) + max(0, left))

    def _hit(self, name: str, seconds: int, redis: Any) -> tuple[int, int]:
        with redis.pipeline() as pipe:
            pipe.set(name, 0, ex=seconds, nx=True)
            pipe.incr(name)
            pipe.ttl(name)
            _, hits, left = pipe.execute()
        return int(hits), int(left)

    def seen(self, key: str, *, now: float) -> int:
        found = self._link.ask(lambda redis: int(redis.get(f"limit:{key}") or 0))
        return self._alone.seen(key, now=now) if found is None else found


class Limiter:
    def __init__(self, counters: Counters, *, switched_off: bool = False) -> None:
        self._counters = counters
        self._switched_off = switched_off

    def applies(self, limit: Limit) -> bool:
        return limit.critical or not self._switched_off

    def check(self, limit: Limit, key: str, *, now: float | None = None) -> dict[str, str] | None:
        """None when the request may pass, else the headers for a 429 answer."""
        if not self.applies(limit):
            return None
        moment = time.time() if now is None else now
        verdict = self._counters.hit(f"{limit.name}:{key[:200]}", seconds=limit.seconds, now=moment)
        if verdict.hits <= limit.allowed:
            return None
        if not limit.headers:
            return {}
        return {
            "Retry-After": str(max(1, verdict.resets_at - int(moment))),
            "X-RateLimit-Limit": str(limit.allowed),
            "X-RateLimit-Remaining": "0",
            "X-RateLimit-Reset": str(verdict.resets_at),
        }

    def is_used_up(self, limit: Limit, key: str, *, now: float | None = None) -> bool:
        """Whether the next request would be one too many; counts nothing."""
        moment = time.time() if now is None else now
        return self.applies(limit) and self._counters.seen(f"{limit.name}:{key[:200]}", now=moment) >= limit.allowed

    def use(self, limit: Limit, key: str, *, now: float | None = None) -> Usage:
        """Count one request in a window that slides: of the window before this one, as much still counts as lies
        within the last `limit.seconds`."""
        moment = time.time() if now is None else now
        index, passed = divmod(moment, limit.seconds)
        resets_at = int((index + 1) * limit.seconds)
        if not self.applies(limit):
            return Usage(limit.allowed, 0, resets_at)
        name = f"{limit.name}:{key[:200]}"
        hits = self._counters.hit(f"{name}@{int(index)}", seconds=2 * limit.seconds, now=moment).hits
        before = self._counters.seen(f"{name}@{int(index) - 1}", now=moment)
        return Usage(limit.allowed, hits + int(before * (1 - passed / limit.seconds)), resets_at)
