"""The way to Redis, which carries hints and counts: while it is away, everybody goes on without it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

import structlog
from django.conf import settings

# What a request waits for an answer, twice at most, and once: those that come after do without.
ANSWER_SECONDS = 0.5
LOOK_EVERY = 1.0

T = TypeVar("T")
log = structlog.get_logger(__name__)


class Link:
    """Asks Redis while it answers. Once it does not, a thread looks for it until it is back."""

    def __init__(self, url: str) -> None:
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        # Once more, since a connection that lay idle may be one to a Redis that was restarted meanwhile.
        self.redis: Any = redis.Redis.from_url(
            url, retry=Retry(NoBackoff(), 1), socket_timeout=ANSWER_SECONDS, socket_connect_timeout=ANSWER_SECONDS
        )
        self.errors: tuple[type[Exception], ...] = (redis.RedisError, OSError)
        self._is_away = False
        self._lock = threading.Lock()

    def ask(self, question: Callable[[Any], T]) -> T | None:
        """What Redis answers, or None when it does not: at once while it is known to be away."""
        if self._is_away:
            return None
        try:
            return question(self.redis)
        except self.errors as error:
            self._lose(error)
            return None

    def answers(self) -> bool:
        return bool(self.ask(lambda redis: redis.ping()))

    def _lose(self, error: Exception) -> None:
        with self._lock:
            if self._is_away:
                return
            self._is_away = True
        log.warning("redis_is_away", error=str(error))
        threading.Thread(target=self._look_out, name="redis-lookout", daemon=True).start()

    def _look_out(self) -> None:
        while self._is_away:
            time.sleep(LOOK_EVERY)
            try:
                self._is_away = not self.redis.ping()
            except self.errors:
                continue
        log.warning("redis_is_back")


@lru_cache(maxsize=1)
def link() -> Link | None:
    """None where there is no Redis to be asked."""
    return Link(settings.REDIS_URL) if settings.REDIS_URL else None
