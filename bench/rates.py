"""How many requests a second: by wrk where it is installed, else by a driver of our own."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import time
from collections import Counter
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from bench.figures import Figure, median_of, percentile
from bench.seed import Seed
from bench.wire import Target, Wire

CONNECTIONS = 16
SCRIPT = Path(__file__).parent / "lua" / "work.lua"
USAGE = {"model": "claude-sonnet-4-5", "inputTokens": 1200, "outputTokens": 300}
RUN = {
    "sessionKey": "bench", "model": "claude-sonnet-4-5", "status": "COMPLETED", "inputTokens": 1200,
    "outputTokens": 300, "startedAt": "2026-01-01T10:00:00Z", "endedAt": "2026-01-01T10:00:30Z",
}  # fmt: skip
TOPS_OUT = 3000
_runs = count(1)


@dataclass(frozen=True, slots=True)
class Load:
    """How long and how often each figure is taken."""

    seconds: float = 5
    warm_up: float = 2
    runs: int = 3


def measure(work: str, name: str, target: Target, seed: Seed, load: Load) -> Figure:
    take = by_wrk if shutil.which("wrk") else by_driver
    if load.warm_up:
        take(work, name, target, seed, load.warm_up)
    return median_of([take(work, name, target, seed, load.seconds) for _ in range(load.runs)])


def by_wrk(work: str, name: str, target: Target, seed: Seed, seconds: float) -> Figure:
    environment = os.environ | {
        "WORK": work,
        "API_KEY": target.headers.get("x-api-key", ""),
        "AGENTS": ",".join(map(str, seed.agents)),
        "TASKS": ",".join(map(str, seed.tasks)),
        "TOKENS": ",".join(seed.tokens),
        "BENCH_RUN": str(next(_runs)),
    }
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{max(round(seconds), 1)}s", "-s", str(SCRIPT), target.url]
    output = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    found: dict[str, Any] = json.loads(output.rpartition("BENCH ")[2])
    fault = _fault(found["bad"], found["broken"], found["requests"])
    return Figure(name, found["requests"] / found["seconds"], "/s", fault=fault, detail=found)


def by_driver(work: str, name: str, target: Target, seed: Seed, seconds: float) -> Figure:
    figure = asyncio.run(_drive(work, name, target, seed, seconds))
    if figure.value > TOPS_OUT:
        figure.note = "without wrk the driver tops out near 6,000/s"
    return figure


async def _drive(work: str, name: str, target: Target, seed: Seed, seconds: float) -> Figure:
    statuses: Counter[int] = Counter()
    latencies: list[float] = []
    numbers, end = count(), time.perf_counter() + seconds

    async def worker() -> None:
        wire = Wire(target)
        while (began := time.perf_counter()) < end:
            status, _ = await wire.send(_request(work, target, seed, next(numbers)))
            latencies.append(time.perf_counter() - began)
            statuses[status] += 1
        wire.close()

    await asyncio.gather(*(worker() for _ in range(CONNECTIONS)))
    bad = sum(times for status, times in statuses.items() if not 200 <= status < 300)
    detail = {f"p{p}_ms": percentile(latencies, p) * 1000 for p in (50, 95, 99)}
    fault = _fault(bad, 0, len(latencies))
    return Figure(name, len(latencies) / seconds, "/s", fault=fault, detail=detail)


def _request(work: str, target: Target, seed: Seed, i: int) -> bytes:
    match work:
        case "tasks":
            return target.request("GET", "/api/tasks?limit=50")
        case "agents":
            return target.request("GET", "/api/agents?limit=20")
        case "beat":
            return target.request(
                "POST", f"/api/agents/{seed.agents[i % len(seed.agents)]}/heartbeat", {"token_usage": USAGE}
            )
        case "tokens":
            return target.request("POST", "/api/tokens", USAGE | {"sessionId": f"bench-agent-{i % 16}:main"})
        case "create":
            fields = {"title": f"bench {i}", "description": "load test task", "priority": "medium", "tags": ["bench"]}
            return target.request("POST", "/api/tasks", fields)
        case "runs" | "runs-keyed":
            return _run(work, target, seed, i)
    return target.request("GET", "/")


def _run(work: str, target: Target, seed: Seed, i: int) -> bytes:
    """Each agent reports for itself, by its own token."""
    n = i % len(seed.tokens)
    headers = {"Authorization": f"Bearer {seed.tokens[n]}"}
    if work == "runs-keyed":
        headers["X-Idempotency-Key"] = f"bench-{next(_runs)}-{i}"
    fields = {"agentId": seed.names[n], "taskId": f"task_{seed.tasks[i % len(seed.tasks)]}", "costUsd": 0.000321}
    return Target(target.url, headers).request("POST", "/api/v1/events/run", RUN | fields)


def _fault(bad: int, broken: int, requests: int) -> str:
    if requests == 0:
        return "no answers at all"
    return f"{bad} of {requests} answers were not 2xx, {broken} connections broke" if bad or broken else ""
