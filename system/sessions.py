"""Sessions of agents: each direct connection that is open is one."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Coalesce

from connections.models import Connection
from tokens.models import Rollup, TokenUsage
from tokens.reports import start_of_day

NEWEST = 100
# Who was heard of within this time is at work.
ACTIVE = timedelta(minutes=60)
# How many of the last reports are looked through for the model that an agent works with.
REPORTS = 1000
UNKNOWN_MODEL = "unknown"


@dataclass(frozen=True, slots=True)
class Session:
    id: str
    key: str
    agent: str
    kind: str
    model: str
    tokens: int
    active: bool
    began: datetime
    heard: datetime


def live_connections(workspace_id: int) -> QuerySet[Connection]:
    return Connection.objects.filter(workspace_id=workspace_id, status=Connection.Status.CONNECTED)


def newest(workspace_id: int, *, now: datetime) -> list[Session]:
    """Who was heard of last comes first. Four queries, however many there are."""
    live = (
        live_connections(workspace_id)
        .annotate(heard=Coalesce("last_heartbeat", "updated_at"))
        .select_related("agent")
        .only(
            "connection_id", "tool_name", "metadata", "created_at", "workspace_id",
            "agent__name", "agent__slug", "agent__session_key", "agent__config",
        )
        .order_by("-heard", "-id")[:NEWEST]
    )  # fmt: skip
    rows = list(live)
    tokens, models = _tokens(workspace_id, rows), _models(workspace_id, rows, now)
    return [_session(row, tokens[row.agent.name], models, now) for row in rows]


def _session(row: Any, tokens: int, models: dict[str, str], now: datetime) -> Session:
    agent = row.agent
    named = _named_model(row.metadata) or _text(agent.config.get("model")) or models.get(agent.name)
    return Session(
        id=str(row.connection_id),
        key=agent.session_key or f"agent:{agent.slug}:cli",
        agent=agent.name,
        kind=row.tool_name or "cli",
        model=named or UNKNOWN_MODEL,
        tokens=tokens,
        active=now - row.heard < ACTIVE,
        began=row.created_at,
        heard=row.heard,
    )


def _tokens(workspace_id: int, rows: list[Any]) -> dict[str, int]:
    """Tokens by agent, since the day on which its connection was opened: sums are kept by the day."""
    since = {row.agent.name: start_of_day(row.created_at) for row in rows}
    sums: dict[str, int] = defaultdict(int)
    if since:
        days = Rollup.objects.filter(
            workspace_id=workspace_id,
            dimension=Rollup.Dimension.AGENT,
            starts__gte=min(since.values()),
            key__in=list(since),
        ).values_list("key", "starts", "input_tokens", "output_tokens")
        for name, starts, tokens_in, tokens_out in days:
            if starts >= since[name]:
                sums[name] += tokens_in + tokens_out
    return sums


def _models(workspace_id: int, rows: list[Any], now: datetime) -> dict[str, str]:
    """The model of each agent's last report, for those that were seen lately."""
    if not rows:
        return {}
    reports = TokenUsage.objects.in_workspace(workspace_id).since(now - timedelta(days=1)).order_by("-at")
    newest_last = reversed(reports.values_list("agent_name", "model")[:REPORTS])
    return dict(newest_last)


def _named_model(metadata: str | None) -> str | None:
    try:
        told = json.loads(metadata) if metadata else None
    except ValueError:
        return None
    return _text(told.get("model")) if isinstance(told, dict) else None


def _text(value: Any) -> str | None:
    return value[:200] if isinstance(value, str) and value else None
