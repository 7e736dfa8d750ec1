"""Every list and statistic of the API once, by one client: how long one answer takes over all that is stored.

Each request differs from the one before by a parameter nobody reads, so that no memory can answer it.
"""

from __future__ import annotations

import time

from bench.figures import Figure, failed, percentile
from bench.wire import NotServed, Target, Wire

TIMES = 7
LISTS = (
    "/api/activities?limit=50",
    "/api/activities?type=task_created",
    "/api/activities?stats=1",
    "/api/agents?limit=50",
    "/api/agents/1/attribution?privileged=1",
    "/api/agents/1/diagnostics?privileged=1",
    "/api/alerts",
    "/api/audit",
    "/api/chat/conversations",
    "/api/chat/messages",
    "/api/connect",
    "/api/mentions?q=a",
    "/api/notifications?recipient=agent-1",
    "/api/pipelines",
    "/api/projects",
    "/api/search?q=task 42",
    "/api/search?q=heartbeat",
    "/api/sessions",
    "/api/standup",
    "/api/status?action=dashboard",
    "/api/status?action=overview",
    "/api/tasks?limit=50",
    "/api/tasks?status=done&limit=50",
    "/api/tasks?assigned_to=agent-1",
    "/api/tasks?offset=5000",
    "/api/tasks/1/comments",
    "/api/tasks/outcomes?timeframe=week",
    "/api/tasks/regression?beta_start=1",
    "/api/tokens?action=list",
    "/api/tokens?action=stats&timeframe=day",
    "/api/tokens?action=stats",
    "/api/tokens?action=agent-costs&timeframe=day",
    "/api/tokens?action=task-costs&timeframe=day",
    "/api/tokens?action=trends",
    "/api/tokens/by-agent?days=30",
    "/api/webhooks/deliveries",
    "/api/workflows",
    "/api/workload",
)


async def measure(target: Target) -> list[Figure]:
    return [await _one(target, path) for path in LISTS]


async def _one(target: Target, path: str) -> Figure:
    name, seconds, body = f"GET {path}", [], b""
    wire = Wire(target)
    for _ in range(TIMES):
        fresh = f"{path.replace(' ', '%20')}{'&' if '?' in path else '?'}bench={time.monotonic_ns()}"
        began = time.perf_counter()
        try:
            status, body = await wire.send(target.request("GET", fresh))
        except (NotServed, OSError) as error:
            return failed(name, "ms", str(error))
        if status != 200:
            return failed(name, "ms", f"answered {status}")
        seconds.append(time.perf_counter() - began)
    wire.close()
    note = f"{len(body) / 1000:.0f} kB, first {seconds[0] * 1000:.0f} ms"
    return Figure(name, percentile(seconds, 50) * 1000, "ms", note=note)
