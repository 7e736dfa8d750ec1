"""The whole scenario, given a running server and somebody at its dashboard."""

from __future__ import annotations

import asyncio
import secrets
import tempfile
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from simulation.client import Client

from . import parts
from .agents.by_curl import ByCurl
from .agents.by_legacy import ByLegacy
from .agents.by_mc import ByMc
from .agents.by_mcp import by_mcp
from .agents.hands import Hands
from .audit import Audit, Everybody, View, audit
from .desk import Desk, Notes
from .ears import Ears
from .legacy_story import LegacyWorker
from .office import Office
from .parts import Part
from .person import Person
from .stage import Stage
from .stories import Worker, hear
from .views.cast import Cast, number

NAMES = ("morgan", "parker", "casey", "robin")


@dataclass
class Play:
    """`by_hand`: nobody plays the person, but whoever sits at the dashboard is told what waits."""

    url: str
    key: str
    person: Person
    stage: Stage
    by_hand: bool = False
    more_views: Mapping[str, View] = field(default_factory=dict)

    async def run(self) -> Audit:
        async with AsyncExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mc-demo-")))
            client = await stack.enter_async_context(Client(self.url, self.key))
            self.office = Office(client)
            await self.look_round()
            self.ears = await stack.enter_async_context(Ears(self.office))
            self.everybody = await self.hire(stack, folder)
            await self.ears.hear_first(self.agents[0])
            self.since = (self.ears.stream.log.last or 0) + 1
            await self.act()
            await self.ears.quiet()
            return await audit(self.everybody, await self.cast(), self.stage.book, self.more_views)

    async def look_round(self) -> None:
        """On a server that knows these agents already, they come under other names."""
        tasks = (await self.office.v1("GET", "/tasks?limit=1&orderBy=createdAt"))["tasks"]
        self.last_task = number(tasks[0]["id"]) if tasks else 0
        known = {agent["id"] for agent in (await self.office.v1("GET", "/agents"))["agents"]}
        if known.intersection(NAMES):
            self.stage.tag = f"-{secrets.token_hex(2)}"
        self.agents = [self.stage.own(name) for name in NAMES]

    async def hire(self, stack: AsyncExitStack, folder: Path) -> Everybody:
        mc, mcp, curl, legacy = self.agents
        for name in (mc, mcp):
            (folder / name).mkdir()
        badges = [await self.office.register(name) for name in (mc, mcp)]
        badge = await self.office.register_legacy(legacy)
        return Everybody(
            office=self.office,
            mc=ByMc(badges[0], folder / mc),
            mcp=await stack.enter_async_context(by_mcp(badges[1], folder / mcp)),
            curl=ByCurl(await self.office.register(curl, budgetDaily=parts.CASEYS_BUDGET)),
            legacy=ByLegacy(badge, await stack.enter_async_context(Client(self.url, badge.token))),
            person=self.person,
            ears=self.ears,
        )

    async def act(self) -> None:
        """Everybody at once. The first who fails ends it for all."""
        for part in (parts.LAUNCH, parts.MIGRATION, parts.CLEAN_UP):
            await self.office.new_task(self.stage.own(part.title), part.type, estimatedCost=part.estimate)
        agents, legacy = self.everybody, LegacyWorker(self.everybody.legacy, self.stage)
        async with asyncio.TaskGroup() as group:
            desk = group.create_task(self.desk().run())
            days = [
                self.day(agents.mc, parts.LAUNCH),
                self.day(agents.mcp, parts.MIGRATION, then=parts.SOCIAL),
                self.day(agents.curl, parts.CLEAN_UP, leaves=True),
                legacy.run(),
                self.cut_the_stream(),
            ]
            await asyncio.gather(*map(group.create_task, days))
            await legacy.hear()
            desk.cancel()

    def desk(self) -> Desk | Notes:
        if self.by_hand:
            return Notes(self.office, self.ears, self.stage, set(self.agents))
        return Desk(self.person, self.office, self.ears, self.stage, set(self.agents))

    async def day(self, me: Hands, part: Part, *, then: Part | None = None, leaves: bool = False) -> None:
        worker = Worker(me, self.stage)
        await me.beat()
        await worker.tell("is here")
        if leaves:
            await self.leave_one()
        await worker.find_and_do(part)
        if then is not None:
            await worker.find_and_do(then)
        await self.contest(worker)
        await hear(me, self.stage)

    async def leave_one(self) -> None:
        """A task for the legacy agent: the most urgent one, so that its queue hands out this one."""
        curl = self.everybody.curl
        task = await curl.create(title=self.stage.own(parts.FOR_LEGACY), type="OPS", priority=1)
        self.stage.teller(curl.badge.id, curl.way, f"writes {task['id']}: {task['title']}")
        self.stage.left_by_v1.set_result(task["id"])

    async def contest(self, worker: Worker) -> None:
        """Three agents want one task at the same moment."""
        part, title = parts.CONTESTED, self.stage.own(parts.CONTESTED.title)
        if await self.stage.contest.wait() == 0:
            self.contested = await self.office.new_task(title, part.type)
        await self.stage.contest.wait()
        if await worker.take(self.contested, title):
            await worker.do(part, self.contested)

    async def cut_the_stream(self) -> None:
        """Once, so that going on where it stopped is part of every run."""
        await self.stage.left_by_v1
        await asyncio.sleep(2)
        self.ears.stream.hang_up()

    async def cast(self) -> Cast:
        tasks = (await self.office.v1("GET", "/tasks?limit=200"))["tasks"]
        approvals = (await self.office.v1("GET", "/approvals?limit=200"))["approvals"]
        mine = [approval for approval in approvals if approval["requestorAgentId"] in self.agents]
        return Cast(
            tasks=sorted((task["id"] for task in tasks if number(task["id"]) > self.last_task), key=number),
            agents=self.agents,
            approvals=sorted((approval["id"] for approval in mine), key=number),
            since=self.since,
            until=self.ears.stream.log.last or 0,
        )
