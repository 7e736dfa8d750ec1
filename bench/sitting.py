"""One sitting: everything measured one after the other on the same machine, so that the figures can be compared."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from bench import changed, lists, pages, rates, report, seed, sockets, sse, webhooks
from bench.figures import Figure, failed
from bench.limit import bare_server
from bench.rates import Load
from bench.server import Server
from bench.wire import NotServed, Target

QUICK = Load(seconds=2, warm_up=1, runs=1)
BOARD_TASKS = 10_000
GROWN = ("--agents", "10000", "--tasks", "100000", "--usage", "1000000", "--activities", "1000000")
WORKS = (
    "beat",
    "tokens",
    "runs",
    "runs-keyed",
    "tasks",
    "tasks-changed",
    "agents",
    "agents-changed",
    "create",
    "sse",
    "ws",
    "webhooks",
    "pages",
    "lists",
    "memory",
    "start",
)
RATES = {
    "beat": "heartbeat with token_usage",
    "tokens": "token report",
    "runs": "run report",
    "runs-keyed": "run report with a key",
    "tasks": "list of 50 tasks, unchanged",
    "agents": "list of 20 agents, unchanged",
    "create": "create task",
}


@dataclass(slots=True)
class Sitting:
    command: str
    works: list[str]
    quick: bool = False
    limit: float = 0.0
    seed: seed.Seed = field(default_factory=seed.Seed)

    @property
    def load(self) -> Load:
        return QUICK if self.quick else Load()

    def run(self, *, grown: bool) -> dict[str, list[Figure]]:
        self.measure_limit()
        tables: dict[str, list[Figure]] = {}
        with Server(self.command) as server:
            self.seed = asyncio.run(seed.plant(server.target))
            tables["fresh"] = self.take(server)
            report.show(tables["fresh"], self.limit, f"500 tasks, 20 agents; bare ASGI answer {self.limit:,.0f}/s")
            if grown:
                server.manage("fill", *GROWN)
                tables["grown"] = self.take(server)
                report.show(
                    tables["grown"], self.limit, "10,000 agents, 100,000 tasks, a million usage rows and activities"
                )
        return tables

    def measure_limit(self) -> None:
        with bare_server() as url:
            self.limit = rates.measure("limit", "bare ASGI answer", Target(url, {}), seed.Seed(), self.load).value

    def take(self, server: Server) -> list[Figure]:
        takers: dict[str, Callable[[Server], list[Figure]]] = {
            "tasks-changed": self.tasks_changed,
            "agents-changed": self.agents_changed,
            "sse": self.events,
            "ws": self.watchers,
            "webhooks": self.webhooks,
            "pages": self.pages,
            "lists": self.lists,
            "memory": memory,
            "start": second_start,
        }
        figures: list[Figure] = []
        for work in (work for work in WORKS if work in self.works):
            print(f"measuring {work} …", flush=True)
            try:
                figures += takers[work](server) if work in takers else [self.rate(work, server)]
            except (NotServed, OSError, RuntimeError) as error:
                figures.append(failed(RATES.get(work, work), "", str(error)))
        return figures

    def rate(self, work: str, server: Server) -> Figure:
        return rates.measure(work, RATES[work], server.target, self.seed, self.load)

    def tasks_changed(self, server: Server) -> list[Figure]:
        alternation = changed.changing_tasks(server.target, self.seed.tasks)
        return [asyncio.run(changed.measure("list of 50 tasks, changed between all", alternation, self.load))]

    def agents_changed(self, server: Server) -> list[Figure]:
        alternation = changed.changing_agents(server.target, self.seed.names)
        return [asyncio.run(changed.measure("list of 20 agents, changed between all", alternation, self.load))]

    def events(self, server: Server) -> list[Figure]:
        rounds = 10 if self.quick else 30
        figures = [asyncio.run(sse.measure(server.target, clients, rounds)) for clients in (200, 2000)]
        return [figure for taken in figures for figure in taken]

    def watchers(self, server: Server) -> list[Figure]:
        return sockets.measure(server, quick=self.quick)

    def webhooks(self, server: Server) -> list[Figure]:
        return asyncio.run(webhooks.measure(server.target, quick=self.quick))

    def lists(self, server: Server) -> list[Figure]:
        return asyncio.run(lists.measure(server.target))

    def pages(self, server: Server) -> list[Figure]:
        return asyncio.run(self.open_pages(server.target))

    async def open_pages(self, target: Target) -> list[Figure]:
        missing = BOARD_TASKS - await seed.count_tasks(target)
        await seed.create_tasks(target, max(missing, 0))
        return await pages.measure(target, f"{await seed.count_tasks(target):,} tasks")


def memory(server: Server) -> list[Figure]:
    sizes = server.memory()
    return [
        Figure("memory of a web process", sizes["web"], "MiB", fault="" if sizes["web"] else "process not found"),
        Figure("memory of the worker", sizes["worker"], "MiB", fault="" if sizes["worker"] else "process not found"),
    ]


def second_start(server: Server) -> list[Figure]:
    server.stop()
    return [Figure("second start to first answer", server.start(), "s")]
