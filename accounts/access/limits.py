"""The rate limits of the contract, and the counters behind them."""

from __future__ import annotations

from functools import lru_cache

from django.conf import settings

from core.ratelimit import Counters, FileCounters, Limit, Limiter, RedisCounters
from core.redislink import link

TOO_MANY = "Too many requests. Please try again later."
LOGIN = Limit("login", 5, "Too many login attempts. Try again in a minute.", critical=True)
# Failures alone count, of the sign-in by PIN and of sockets together.
WS_TOKEN = Limit(
    "ws-token", 5, "Too many failed attempts. Try again in five minutes.", seconds=300, critical=True, headers=True
)
PASSWORD = Limit("password", 5, "Too many password change attempts. Try again in a minute.", critical=True)
IDENTITY = Limit("identity", 20, "Too many identity or credential changes. Please try again later.", critical=True)
REFUSALS_TOLD = Limit("told", 1, "", critical=True)
MUTATION = Limit("mutation", 60, TOO_MANY)
READ = Limit("read", 120, TOO_MANY)
HEAVY = Limit("heavy", 10, "Too many requests for this resource. Please try again later.")
BACKUP = Limit("backup", 10, "Too many backup changes. Please try again later.", critical=True)
GATEWAY = Limit("gateway", 20, "Too many gateway configuration changes. Please try again later.", critical=True)
SKILLS = Limit("skills", 20, "Too many skill changes. Try again in a minute.", critical=True)
HEARTBEAT = Limit("heartbeat", 30, "Agent heartbeat rate limit exceeded.", headers=True)
REGISTER = Limit("register", 5, "Too many registration attempts. Please try again later.")
QUEUE = Limit("queue", 20, "Agent task polling rate limit exceeded.", headers=True)

# Of the v1 dialect. Each caller has its own windows, and they slide.
V1_TASKS = Limit("v1-tasks", 100, TOO_MANY)
V1_EVENTS = Limit("v1-events", 1000, TOO_MANY)
V1_POLICY = Limit("v1-policy", 500, TOO_MANY)
V1_READ = Limit("v1-read", 300, TOO_MANY)
V1_MUTATION = Limit("v1-mutation", 100, TOO_MANY)
V1_TOKEN_FAILURES = Limit("v1-token", 10, TOO_MANY, critical=True)


@lru_cache(maxsize=1)
def limiter() -> Limiter:
    counters: Counters = FileCounters(settings.DATA_DIR / "limits.db")
    if redis := link():
        counters = RedisCounters(redis, alone=counters)
    return Limiter(counters, switched_off=settings.RATE_LIMITS_OFF)
