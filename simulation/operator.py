"""The person in front of the dashboard: plans work, watches, and steers."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

from simulation.stories import AREAS, NUDGES
from simulation.world import Over, World

WATCHED = {
    "list tasks": "/api/tasks?limit=50",
    "list agents": "/api/agents?limit=50",
    "list activities": "/api/activities?limit=50",
    "token stats": "/api/tokens?action=stats&timeframe=day",
}
# Where the server limits changes, most of them are left to the fleet.
RARER_WHEN_LIMITED = 3
SPENDING = "/api/tokens?action=trends"


@dataclass(slots=True)
class Spending:
    """Dollars since the first look. The server tells the last 24 hours by the hour; longer runs are added up here."""

    hours: dict[str, float] = field(default_factory=dict)
    before: float | None = None

    def note(self, trends: list[dict[str, Any]]) -> None:
        first_hour = max(self.hours, default="")
        self.hours |= {hour["timestamp"]: float(hour["cost"]) for hour in trends if hour["timestamp"] >= first_hour}
        if self.before is None:
            self.before = sum(self.hours.values())

    @property
    def since_start(self) -> float:
        return sum(self.hours.values()) - (self.before or 0.0)


class Operator:
    def __init__(self, world: World) -> None:
        self.world = world
        self.client = world.client
        self.rng = world.rng
        self.spending = Spending()

    async def run(self) -> None:
        await self.open_projects()
        with suppress(Over):
            await asyncio.gather(self.plan(), self.watch(), self.steer())

    async def open_projects(self) -> None:
        """One project per area; where the server knows no projects, everything goes into its default one."""
        answer = await self.client.read("list projects", "/api/projects")
        if not answer.ok:
            return
        known = {project["name"]: project["id"] for project in answer.get("projects") or []}
        for area in AREAS:
            if area.project not in known:
                body = {"name": area.project, "ticket_prefix": area.prefix, "color": area.color}
                made = await self.client.write("create project", "POST", "/api/projects", body)
                known[area.project] = made.get("project", "id")
        wanted = {area.project for area in AREAS}
        self.world.stories.projects = {name: number for name, number in known.items() if number and name in wanted}

    async def plan(self) -> None:
        """Keep enough work waiting for the fleet, and not much more."""
        enough = self.world.options.agents // 3 + 4
        while True:
            answer = await self.client.read("count inbox", "/api/tasks?status=inbox&limit=1")
            missing = enough - int(answer.get("total") or 0)
            for _ in range(min(missing, 10) if answer.ok else 0):
                await self.client.create_task(self.world.stories.task(self.world.known_agents))
                await self.world.nap(self.rng.uniform(0.1, 0.6))
            await self.world.nap(self.rng.uniform(1, 3))

    async def watch(self) -> None:
        """What an open dashboard asks for, one panel after the other, and the running costs in between."""
        for kind, path in cycle(WATCHED.items()):
            await self.client.read(kind, path)
            await self.look_at_spending()
            await self.world.nap(self.rng.uniform(1, 3))

    async def look_at_spending(self) -> None:
        answer = await self.client.read("token trends", SPENDING)
        if answer.ok:
            self.spending.note(answer.get("trends") or [])
            self.world.dollars = self.spending.since_start

    async def steer(self) -> None:
        while True:
            rarer = RARER_WHEN_LIMITED if self.client.writes_are_limited else 1
            await self.world.nap(self.rng.uniform(4, 12) * rarer)
            answer = await self.client.read("list busy", "/api/tasks?status=in_progress&limit=50")
            tasks: list[dict[str, Any]] = answer.get("tasks") or []
            if tasks:
                await self.interfere(self.rng.choice(tasks))

    async def interfere(self, task: dict[str, Any]) -> None:
        agent = task["assigned_to"]
        if agent in self.world.states and self.rng.random() < 0.7:
            await self.client.comment(task["id"], self.world.stories.say(NUDGES, agent=agent))
        else:
            await self.client.change_task(task["id"], {"priority": self.rng.choice(("medium", "high", "critical"))})
