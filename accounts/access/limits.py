"""The rate limits of the contract, and the counters behind them."""

from __future__ import annotations

from functools import lru_cache

from django.conf import settings

from core.ratelimit import Counters, FileCounters, Limit, Limiter, RedisCounters

TOO_MANY = "Too many requests. Please try again later."
LOGIN = Limit("login", 5, "Too many login attempts. Try again in a minute.", critical=True)
PASSWORD = Limit("password", 5, "Too many password change attempts. Try again in a minute.", critical=True)
MUTATION = Limit("mutation", 60, TOO_MANY)
READ = Limit("read", 120, TOO_MANY)
HEAVY = Limit("heavy", 10, "Too many requests for this resource. Please try again later.")
HEARTBEAT = Limit("heartbeat", 30, "Agent heartbeat rate limit exceeded.", headers=True)
QUEUE = Limit("queue", 20, "Agent task polling rate limit exceeded.", headers=True)


@lru_cache(maxsize=1)
def limiter() -> Limiter:
    counters: Counters
    counters = (
        RedisCounters(settings.REDIS_URL) if settings.REDIS_URL else FileCounters(settings.DATA_DIR / "limits.db")
    )
    return Limiter(counters, switched_off=settings.RATE_LIMITS_OFF)
