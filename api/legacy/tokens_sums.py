"""How every action of token statistics adds reports up and shows them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from core.money import MICRO
from tokens.statistics import Use

DAY_MS = 86_400_000


def record(use: Use) -> dict[str, Any]:
    """The dialect's token record; `duration` only when it was reported."""
    shape: dict[str, Any] = {
        "id": f"db-{use.id}",
        "model": use.model,
        "sessionId": use.session_id,
        "agentName": use.agent_name,
        "timestamp": use.at,
        "inputTokens": use.input_tokens,
        "outputTokens": use.output_tokens,
        "totalTokens": use.tokens,
        "cost": use.cost_microusd / MICRO,
        "operation": use.operation,
        "taskId": use.task_id,
        "workspaceId": use.workspace_id,
    }
    if use.duration_ms is not None:
        shape["duration"] = use.duration_ms
    return shape


def stats(uses: Iterable[Use]) -> dict[str, Any]:
    cost = tokens = n = 0
    for use in uses:
        cost += use.cost_microusd
        tokens += use.input_tokens + use.output_tokens
        n += use.requests
    return {
        "totalTokens": tokens,
        "totalCost": cost / MICRO,
        "requestCount": n,
        "avgTokensPerRequest": (2 * tokens + n) // (2 * n) if n else 0,  # rounded half up
        "avgCostPerRequest": cost / MICRO / n if n else 0,
    }


def grouped(uses: Iterable[Use], key: Callable[[Use], str]) -> dict[str, list[Use]]:
    groups: dict[str, list[Use]] = {}
    for use in uses:
        groups.setdefault(key(use), []).append(use)
    return groups


def stats_by(uses: Iterable[Use], key: Callable[[Use], str]) -> dict[str, Any]:
    return {name: stats(mine) for name, mine in grouped(uses, key).items()}


def of_model(use: Use) -> str:
    return use.model


def of_session(use: Use) -> str:
    return use.session_id


def of_agent(use: Use) -> str:
    return use.agent_name


def timeline(uses: Iterable[Use]) -> list[dict[str, Any]]:
    """What was taken on each day (UTC), in order."""
    days: dict[int, list[int]] = {}
    for use in uses:
        sums = days.setdefault(use.at // DAY_MS, [0, 0])
        sums[0] += use.cost_microusd
        sums[1] += use.input_tokens + use.output_tokens
    return [{"date": _date(day), "cost": cost / MICRO, "tokens": n} for day, (cost, n) in sorted(days.items())]


@lru_cache(maxsize=1024)
def _date(day: int) -> str:
    return datetime.fromtimestamp(day * DAY_MS / 1000, UTC).date().isoformat()
