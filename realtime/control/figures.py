"""What the control channel tells of how the server fares: each of these asks one dependency, and may fail."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Count, Sum
from django.db.models.functions import Coalesce

from activity.vitals import worker_is_alive
from agents.models import Agent
from connections.models import Connection
from core.clock import milliseconds
from core.rows import probe
from governance.models import Approval
from system import heartbeats
from system.sessions import ACTIVE
from tasks.models import Tally

RECENT = 5
# No path of a file is told.
STORE = "database"
ASK_SECONDS = 2.0

Facts = dict[str, Any]


def database() -> bool:
    probe()
    return True


def cache() -> bool:
    """Nothing to ask where every process remembers for itself."""
    if settings.REDIS_URL:
        import redis

        redis.Redis.from_url(
            settings.REDIS_URL, socket_connect_timeout=ASK_SECONDS, socket_timeout=ASK_SECONDS, retry=None
        ).ping()
    return True


def worker(now: datetime) -> bool:
    return worker_is_alive(now=now)


def is_linked() -> bool:
    return Connection.objects.filter(status=Connection.Status.CONNECTED).exists()


def connections(now: datetime) -> Facts:
    """Who is connected, in all workspaces. Each direct connection that was heard of within the hour is a session."""
    live = Connection.objects.filter(status=Connection.Status.CONNECTED)
    newest = live.order_by("-created_at").values_list("created_at", flat=True).first()
    heard = live.annotate(heard=Coalesce("last_heartbeat", "updated_at"))
    recent = heard.select_related("agent").order_by("-heard", "-id")[:RECENT]
    return {
        "web": {
            "linked": newest is not None,
            "authAgeMs": _age(newest, now) if newest else None,
        },
        "sessions": {
            "path": STORE,
            "count": heard.filter(heard__gte=now - ACTIVE).count(),
            "recent": [
                {
                    "key": row.agent.session_key or f"agent:{row.agent.slug}:cli",
                    "updatedAt": milliseconds(row.heard),
                    "age": _age(row.heard, now),
                }
                for row in recent
            ],
        },
    }


NOBODY: Facts = {
    "web": {"linked": False, "authAgeMs": None},
    "sessions": {"path": STORE, "count": 0, "recent": []},
}


def counts() -> Facts:
    agents = Agent.objects.values_list("status").annotate(n=Count("id")).order_by("status")
    tasks = Tally.objects.values_list("status").annotate(n=Sum("n")).order_by("status")
    return {
        "agents": dict(agents),
        "tasks": {status: n for status, n in tasks if n},
        "approvals": {"pending": Approval.objects.pending().count()},
    }


NO_COUNTS: Facts = {"agents": {}, "tasks": {}, "approvals": {}}


def integrations() -> Facts:
    """Told by Telegram; there is no way to tell anybody by Discord."""
    telegram = bool(settings.TELEGRAM_BOT_TOKEN and settings.TELEGRAM_CHAT_ID)
    return {"telegram": {"configured": telegram}, "discord": {"configured": False}}


def heartbeat_seconds() -> int:
    return heartbeats.interval()


def _age(moment: datetime, now: datetime) -> int:
    return max(0, milliseconds(now) - milliseconds(moment))
