"""The bell: a hint, after a commit, that the log has grown. A lost ring costs at most a second, never an event.

Inside a process a ring wakes every listener at once. Between processes it travels by Redis pub/sub when `REDIS_URL`
is set, by NOTIFY on PostgreSQL, and on SQLite by nothing at all: each listener watches the database's own change
counter, which costs a few microseconds a look.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

from django.db import connection
from django.db.utils import Error as DatabaseError

from core.redislink import Link, link

CHANNEL = "missioncontrol"
LOOK_EVERY = 0.004
POLL_EVERY = 1.0
# Of a subscription, before it is asked for a sign of life.
SILENCE = 5.0

_listeners: set[threading.Event] = set()


def ring() -> None:
    """Wake this process's listeners, and tell the other processes' where somebody has to."""
    ring_here()
    carrier().send()


def ring_here() -> None:
    for listener in tuple(_listeners):
        listener.set()


class Carrier(Protocol):
    """How a ring gets from one process to the next."""

    def send(self) -> None: ...

    def wait(self, rung: threading.Event, look_every: float) -> None:
        """Return when the bell was rung here or elsewhere, or after `POLL_EVERY` seconds. Who has to look, looks so
        often."""


class SqliteCarrier:
    """Needs no message: a commit by anybody moves the counter that everybody can see."""

    def __init__(self) -> None:
        self._seen = threading.local()

    def send(self) -> None:
        return None

    def wait(self, rung: threading.Event, look_every: float) -> None:
        waited = 0.0
        while waited < POLL_EVERY:
            if rung.wait(look_every):
                return
            waited += look_every
            if self._moved():
                return

    def _moved(self) -> bool:
        connection.ensure_connection()
        with connection.wrap_database_errors:  # and nothing else of Django's, since it asks all the time
            (version,) = connection.connection.execute("PRAGMA data_version").fetchone()
        before, self._seen.version = getattr(self._seen, "version", None), version
        return bool(version != before)


class PostgresCarrier:
    def send(self) -> None:
        # In autocommit after the change's own commit: NOTIFY inside it would take a global lock at commit.
        with contextlib.suppress(DatabaseError), connection.cursor() as cursor:
            cursor.execute(f"NOTIFY {CHANNEL}")

    def wait(self, rung: threading.Event, look_every: float) -> None:
        if rung.is_set():
            return
        connection.ensure_connection()
        raw = connection.connection
        with connection.cursor() as cursor:
            cursor.execute(f"LISTEN {CHANNEL}")
        # The own process rings through NOTIFY as well, so one wait serves both.
        with connection.wrap_database_errors:
            for _ in raw.notifies(timeout=POLL_EVERY, stop_after=1):
                pass


class RedisCarrier:
    """While Redis is away, listeners look once in `POLL_EVERY` seconds."""

    def __init__(self, link: Link) -> None:
        self._link = link
        threading.Thread(target=self._listen, name="bell-redis", daemon=True).start()

    def send(self) -> None:
        self._link.ask(lambda redis: redis.publish(CHANNEL, b""))

    def wait(self, rung: threading.Event, look_every: float) -> None:
        rung.wait(POLL_EVERY)

    def _listen(self) -> None:
        while True:
            with contextlib.suppress(*self._link.errors), self._link.redis.pubsub() as subscription:
                subscription.subscribe(CHANNEL)
                self._hear(subscription)
            time.sleep(POLL_EVERY)

    def _hear(self, subscription: Any) -> None:
        """Until nothing is heard any more, not even an answer: a machine that vanished never hangs up."""
        heard = time.monotonic()
        while time.monotonic() - heard < 2 * SILENCE:
            if subscription.get_message(timeout=SILENCE) is None:
                subscription.ping()
            else:
                # Whatever it is: when the subscription begins, too, since rings before it are lost.
                heard = time.monotonic()
                ring_here()


_carrier: Carrier | None = None
_making = threading.Lock()


def carrier() -> Carrier:
    global _carrier
    with _making:
        if _carrier is None:
            _carrier = _make_carrier()
    return _carrier


def _make_carrier() -> Carrier:
    if redis := link():
        return RedisCarrier(redis)
    return PostgresCarrier() if connection.vendor == "postgresql" else SqliteCarrier()


class Listener:
    """Waits for the bell on one thread: `with Listener() as bell: bell.wait()`. `look_every`: for who need not be told
    within milliseconds, since looking is what an idle process spends its time with."""

    def __init__(self, *, look_every: float = LOOK_EVERY) -> None:
        self._rung = threading.Event()
        self._look_every = look_every

    def __enter__(self) -> Callable[[], None]:
        _listeners.add(self._rung)
        return self.wait

    def __exit__(self, *exc: object) -> None:
        _listeners.discard(self._rung)

    def wait(self) -> None:
        carrier().wait(self._rung, self._look_every)
        self._rung.clear()
