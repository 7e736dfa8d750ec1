"""The whole scenario, given a running server and somebody at its dashboard."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from simulation.client import Client

from . import parts
from .agents.hands import Hands
from .audit import Audit, View, audit
from .desk import Desk, Notes
from .ears import Ears
from .hiring import NAMES, free_tag, hire, newest_task
from .leftovers import leave_open
from .legacy_story import LegacyWorker
from .office import Office
from .parts import Part
from .person import Person
from .stage import Stage
from .stories import Story
from .views.cast import Cast, number


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
            self.last_task = await newest_task(self.office)
            self.stage.tag = await free_tag(self.office)
            self.agents = [self.stage.own(name) for name in NAMES]
            self.ears = await stack.enter_async_context(Ears(self.office))
            self.everybody = await hire(self.agents, stack, folder, self.office, self.person, self.ears)
            await self.ears.hear_first(self.agents[0])
            self.since = (self.ears.stream.log.last or 0) + 1
            await self.act()
            await leave_open(self.everybody, self.stage)
            await self.ears.quiet()
            return await audit(self.everybody, await self.cast(), self.stage.book, self.more_views)

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
        story = Story(me, self.stage)
        await me.beat()
        await story.tell("is here")
        if leaves:
            await self.leave_one()
        await story.find_and_do(part)
        if then is not None:
            await story.find_and_do(then)
        await self.contest(story)
        await story.hear()

    async def leave_one(self) -> None:
        """A task for the legacy agent: the most urgent and long overdue, so that the queue hands out this one."""
        curl = self.everybody.curl
        title = self.stage.own(parts.FOR_LEGACY)
        task = await curl.create(title=title, type="OPS", priority=1, dueAt=parts.LONG_OVERDUE)
        self.stage.teller(curl.badge.id, curl.way, f"writes {task['id']}: {task['title']}")
        self.stage.left_by_v1.set_result(task["id"])

    async def contest(self, story: Story) -> None:
        """Three agents want one task at the same moment."""
        part, title = parts.CONTESTED, self.stage.own(parts.CONTESTED.title)
        if await self.stage.contest.wait() == 0:
            self.contested = await self.office.new_task(title, part.type)
        await self.stage.contest.wait()
        if await story.take(self.contested, title):
            await story.do(part, self.contested)

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
