"""How an agent behaves: it connects, beats, takes work, thinks, reports, and now and then lets everybody down."""

from __future__ import annotations

import random
import time
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from simulation.answer import Answer
from simulation.cast import Part
from simulation.ledger import Usage
from simulation.stories import FAILURES, FINDINGS, PLANS
from simulation.world import Over, World

FAILS = 0.06
FALLS_SILENT = 0.05
COMMENTS_ON_ITS_PLAN = 0.6
REPORTS_AT_ONCE = 0.7  # else the tokens travel with the next beat
READS_ITS_MAIL = 0.25
# Where the server limits changes, a task takes longer: the same changes keep more of the fleet at work.
LONGER_WHEN_LIMITED = 2


class Agent:
    def __init__(self, part: Part, world: World) -> None:
        self.part = part
        self.name = part.name
        self.world = world
        self.client = world.client
        self.rng = random.Random(world.rng.random())
        self.connection = ""
        self.beat_path = ""
        self.next_beat = 0.0
        self.unreported: tuple[int, int] = (0, 0)
        self.task_id: int | None = None
        self.called = False
        self.has_spoken = False

    async def run(self) -> None:
        with suppress(Over):
            await self.world.nap(self.rng.uniform(0, 8))
            while True:
                if await self.connect():
                    await self.shift()
                await self.world.nap(self.rng.uniform(3, 12))

    async def shift(self) -> None:
        for _ in range(self.rng.randint(4, 10)):
            if self.rng.random() < FALLS_SILENT:
                return await self.fall_silent()
            if task := await self.claim():
                await self.work_on(task)
            else:
                self.show("idle")
                await self.live(self.rng.uniform(5, 8))
        await self.disconnect()

    # Being there

    async def connect(self) -> bool:
        answer = await self.client.connect(self.name, self.part.role, self.part.tool, self.part.version)
        if not answer.ok:
            return False
        self.connection, self.beat_path = answer.get("connection_id"), answer.get("heartbeat_url")
        self.next_beat = 0.0
        self.show("idle")
        return True

    async def disconnect(self) -> None:
        self.show("away")
        await self.client.disconnect(self.name, self.connection)

    async def fall_silent(self) -> None:
        """No goodbye and no beat: what a killed process or a closed laptop looks like."""
        self.show("silent")
        self.world.score["silences"] += 1
        await self.world.nap(self.rng.uniform(20, 60))

    async def live(self, seconds: float) -> None:
        """Let time pass, beating when it is due; a beat that brings new work ends the wait."""
        end = time.monotonic() + seconds / self.world.options.rate
        self.called = False
        while (left := end - time.monotonic()) > 0 and not self.called:
            due = self.next_beat - time.monotonic()
            if due <= 0:
                await self.beat()
            else:
                await self.world.nap(min(left, due) * self.world.options.rate)

    async def beat(self) -> None:
        options = self.world.options
        self.next_beat = time.monotonic() + options.beat * self.rng.uniform(0.8, 1.2) / options.rate
        usage, self.unreported = self.usage(*self.unreported), (0, 0)
        answer = await self.client.beat(self.name, self.beat_path, self.connection, usage)
        if answer.status == 403:
            # Only a key of its own may beat by number; with a key for everybody the name is asked for.
            self.beat_path = f"/api/agents/{quote(self.name)}/heartbeat"
        await self.read_work_items(answer)

    async def read_work_items(self, answer: Answer) -> None:
        groups = {group["type"]: group for group in answer.get("work_items") or []}
        waiting = [item for item in groups.get("assigned_tasks", {}).get("items", []) if item["status"] == "assigned"]
        self.called = bool(waiting) and self.task_id is None
        wants_mail = self.rng.random() < READS_ITS_MAIL and not self.client.writes_are_limited
        if "notifications" in groups and wants_mail:
            body = {"recipient": self.name, "markAllRead": True}
            await self.client.write("read mail", "PUT", "/api/notifications", body, agent=self.name)

    # Working

    async def claim(self) -> dict[str, Any] | None:
        answer = await self.client.claim(self.name)
        task: dict[str, Any] | None = answer.get("task")
        return task if answer.ok and answer.get("reason") in ("assigned", "continue_current") else None

    async def work_on(self, task: dict[str, Any]) -> None:
        self.task_id = task["id"]
        self.has_spoken = False
        self.show("busy")
        try:
            if self.rng.random() < COMMENTS_ON_ITS_PLAN:
                await self.say(PLANS)
            for _ in range(self.rng.randint(2, 5)):
                longer = LONGER_WHEN_LIMITED if self.client.writes_are_limited else 1
                await self.live(self.rng.uniform(3, 9) * longer)
                await self.think()
            await (self.give_up() if self.rng.random() < FAILS else self.hand_in())
        finally:
            self.task_id = None

    async def think(self) -> None:
        model = self.part.model
        usage = self.usage(self.rng.randint(*model.reads), self.rng.randint(*model.writes))
        if usage is None or self.rng.random() > REPORTS_AT_ONCE:
            self.keep(usage)
        else:
            duration = int(usage.output_tokens * self.rng.uniform(12, 25))
            await self.client.report_tokens(usage, session=f"{self.name}:cli", duration_ms=duration)

    def keep(self, usage: Usage | None) -> None:
        if usage:
            read, written = self.unreported
            self.unreported = read + usage.input_tokens, written + usage.output_tokens

    async def give_up(self) -> None:
        reason = await self.say(FAILURES)
        await self.close({"status": "failed", "outcome": "failed", "error_message": reason}, "tasks failed")

    async def hand_in(self) -> None:
        resolution = await self.say(FINDINGS)
        hours = round(self.rng.uniform(0.1, 3), 1)
        fields = {"status": "review", "outcome": "success", "resolution": resolution, "actual_hours": hours}
        await self.close(fields, "handed in")

    async def close(self, fields: dict[str, Any], point: str) -> None:
        assert self.task_id is not None
        answer = await self.client.change_task(self.task_id, fields, agent=self.name)
        self.world.score[point] += answer.ok

    async def say(self, lines: tuple[str, ...]) -> str:
        assert self.task_id is not None
        text = self.world.stories.say(lines)
        # Where the server limits changes, one comment on a task is enough.
        if not (self.has_spoken and self.client.writes_are_limited):
            self.has_spoken = True
            await self.client.comment(self.task_id, text, agent=self.name)
        return text

    def usage(self, read: int, written: int) -> Usage | None:
        if not read and not written:
            return None
        return Usage(self.name, self.part.model.name, read, written, self.task_id)

    def show(self, state: str) -> None:
        self.world.states[self.name] = state
