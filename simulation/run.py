"""Start everybody, let them live for a while, stop them, and settle the accounts."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from simulation.agent import Agent
from simulation.audit import Unchecked, audit, token_counts
from simulation.cast import fleet, reviewer
from simulation.client import Client
from simulation.limits import keep_to_limits
from simulation.operator import Operator
from simulation.options import Options
from simulation.reviewer import Reviewer
from simulation.screen import Screen
from simulation.stories import Storyteller
from simulation.streams import EventStream
from simulation.summary import Summary
from simulation.world import Over, World

PATIENCE = 10.0
PATIENCE_WHEN_INTERRUPTED = 1.0
AUDIT_AT_MOST = 60.0


class CannotStart(Exception):
    """One line for the user."""


def simulate(options: Options) -> Summary:
    return asyncio.run(Simulation(options).run())


class Simulation:
    audit_at_most = AUDIT_AT_MOST

    def __init__(self, options: Options) -> None:
        self.options = options
        self.interrupted = False
        self.streams: list[EventStream] = []
        self.tasks: list[asyncio.Task[None]] = []

    async def run(self) -> Summary:
        async with Client(self.options.url, self.options.key) as client:
            await check_door(client)
            await keep_to_limits(client)
            self.world = build_world(self.options, client)
            before = await token_counts(client) if self.options.check else {}
            with self.signals(), Screen(self.world) as screen:
                self.start()
                drawing = asyncio.create_task(screen.keep_drawing(self.streams))
                await self.until_the_end()
                await self.settle()
                await stop([drawing])
            problems = await self.compare(before)
            return Summary(self.world, self.streams, problems, self.crashes(), self.interrupted)

    def start(self) -> None:
        world = self.world
        agents = [Agent(part, world) for part in fleet(self.options.agents, world.rng)]
        for number in range(self.options.listeners):
            self.streams.append(EventStream(world.client, agent=agents[number % len(agents)].name))
        self.listening = [self.task(stream.run()) for stream in self.streams]
        self.listening.append(self.task(restless(world, self.streams)))
        crew = [*agents, Reviewer(reviewer(), world)]
        self.tasks = [self.task(Operator(world).run()), *(self.task(member.run()) for member in crew)]

    def task(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        return asyncio.create_task(work)

    async def until_the_end(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self.world.stopped.wait(), self.options.seconds)
        self.world.stopped.set()

    async def settle(self) -> None:
        """Requests on their way get a moment to be answered; streams get one to catch up."""
        await asyncio.wait(self.tasks, timeout=self.patience)
        await stop(self.tasks)
        with suppress(TimeoutError):
            await asyncio.wait_for(caught_up(self.streams), 0.3 if self.interrupted else 5)
        await stop(self.listening)

    async def compare(self, before: dict[str, int]) -> list[str] | None:
        """None when the ledger cannot be compared: not wanted, no time, or the server went away."""
        if not self.options.check or self.interrupted or self.world.client.cut_off:
            return None
        try:
            return await asyncio.wait_for(audit(self.world.client, before), self.audit_at_most)
        except (Unchecked, TimeoutError):
            return None

    def crashes(self) -> list[BaseException]:
        """Members of the cast that met an answer nobody expected, or a bug of ours."""
        return [error for task in self.tasks if not task.cancelled() and (error := task.exception())]

    @property
    def patience(self) -> float:
        return PATIENCE_WHEN_INTERRUPTED if self.interrupted else PATIENCE

    @contextmanager
    def signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.interrupt)
        yield
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)

    def interrupt(self) -> None:
        self.interrupted = True
        self.world.stopped.set()


def build_world(options: Options, client: Client) -> World:
    rng = random.Random(options.seed)
    return World(options, client, Storyteller(random.Random(rng.random())), rng)


async def check_door(client: Client) -> None:
    answer = await client.once("first look", "GET", "/api/agents?limit=1")
    if answer.status == 0:
        raise CannotStart(f"No server answers at {client.url}. Start one with `make run`, or name another with --url.")
    if answer.status in (401, 403):
        raise CannotStart(f"The server at {client.url} refused the key. Give one with --key or in API_KEY.")
    if not answer.ok:
        raise CannotStart(f"The server at {client.url} answered {answer.status} to GET /api/agents.")


async def restless(world: World, streams: list[EventStream]) -> None:
    """Cut a stream now and then, so that reconnecting with Last-Event-ID is part of every run."""
    with suppress(Over):
        while True:
            await world.nap(world.rng.uniform(20, 40) / len(streams))
            world.rng.choice(streams).hang_up()


async def caught_up(streams: list[EventStream]) -> None:
    """Every stream is connected, has reached the newest event any of them saw, and nothing new comes."""
    newest = None
    while True:
        ends = {stream.log.last for stream in streams}
        quiet = len(ends) == 1 and ends == {newest} and all(stream.connected.is_set() for stream in streams)
        if quiet:
            return
        newest = max((end for end in ends if end is not None), default=None)
        await asyncio.sleep(0.5)


async def stop(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
