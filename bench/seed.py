"""What the figures are taken on: 500 tasks of a normal size and 20 agents."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from bench.wire import Target, Wire

TASKS, AGENTS = 500, 20
TEXT = "A normal sized description of work to do, with enough words to be worth reading. " * 3
WORKERS = 8


@dataclass(slots=True)
class Seed:
    tasks: list[int] = field(default_factory=list)
    agents: list[int] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    # Of the agents, in the same order.
    tokens: list[str] = field(default_factory=list)


async def plant(target: Target) -> Seed:
    seed, wire = Seed(), Wire(target)
    await create_tasks(target, TASKS)
    for i in range(AGENTS):
        agent = (await wire.call("POST", "/api/agents", {"name": f"bench-agent-{i}", "role": "tester"}))["agent"]
        seed.agents.append(agent["id"])
        seed.names.append(agent["name"])
        seed.tokens.append(await admit(wire, agent["name"]))
    seed.tasks = [task["id"] for task in (await wire.call("GET", "/api/tasks?limit=50"))["tasks"]]
    wire.close()
    return seed


async def admit(wire: Wire, slug: str) -> str:
    """The agent's token; with more to spend than it ever will, or the measure would be of agents that are stopped."""
    await wire.call("PATCH", f"/api/v1/agents/{slug}", {"budgetDaily": 1_000_000})
    token: str = (await wire.call("POST", "/api/v1/auth/token", {"agentId": slug}))["token"]
    return token


async def create_tasks(target: Target, number: int) -> None:
    numbers = count()

    async def worker() -> None:
        wire = Wire(target)
        while (i := next(numbers)) < number:
            await wire.call("POST", "/api/tasks", _task(i))
        wire.close()

    await asyncio.gather(*(worker() for _ in range(WORKERS)))


async def count_tasks(target: Target) -> int:
    wire = Wire(target)
    total = (await wire.call("GET", "/api/tasks?limit=1"))["total"]
    wire.close()
    return int(total)


def _task(i: int) -> dict[str, Any]:
    return {
        "title": f"seed task {i}",
        "description": TEXT,
        "priority": ("low", "medium", "high", "critical")[i % 4],
        "status": ("inbox", "backlog", "in_progress", "review")[i % 4],
        "tags": ["bench", f"k{i % 10}"],
        "metadata": {"i": i, "source": "bench"},
    }
