"""A day of the agent on the legacy API."""

from __future__ import annotations

from .agents.by_legacy import ByLegacy
from .parts import MODEL, SOCIAL
from .stage import MICRO, Stage

STEPS = ("Read the old script", "Rewrote it with a lock and a log")


class LegacyWorker:
    def __init__(self, me: ByLegacy, stage: Stage) -> None:
        self.me = me
        self.stage = stage

    async def tell(self, words: str) -> None:
        self.stage.teller(self.me.badge.id, self.me.way, words)
        await self.stage.beat()

    async def run(self) -> None:
        await self.me.connect()
        await self.tell("connects")
        await self.me.beat()
        await self.leave_one()
        # First in the queue by its priority, so it is the one that is handed out.
        await self.stage.left_by_v1
        task = await self.stage.until(self.me.next_task, "something in the queue")
        await self.tell(f"is given task_{task['id']} by the queue: {task['title']}")
        await self.do(task["id"])

    async def leave_one(self) -> None:
        """A task for an agent of the other dialect."""
        title = self.stage.own(SOCIAL.title)
        fields = {"title": title, "priority": "high", "metadata": {"type": SOCIAL.type}, "tags": ["launch"]}
        task = await self.me.create(**fields)
        await self.tell(f"writes task_{task['id']}: {task['title']}")
        self.stage.left_by_legacy.set_result(f"task_{task['id']}")

    async def do(self, id: int) -> None:
        await self.say(id, f"@{self.stage.own('morgan')} I take the backup script. {STEPS[0]}.")
        await self.spend(id, 20_000, 1_800)
        await self.say(id, STEPS[1])
        await self.spend(id, 6_400, 2_200)
        while True:
            await self.me.move(id, "review")
            await self.tell(f"puts task_{id} up for review")
            word = await self.stage.until(lambda: self._reviewed(id), f"a review of task_{id}")
            if word == "done":
                return await self.tell(f"task_{id} is done")
            await self.say(id, "Seen, changed.")

    async def hear(self) -> None:
        """What the others said to this agent, by its heartbeat."""
        groups = {group["type"]: group["items"] for group in await self.me.beat()}
        for mention in groups.get("mentions", []):
            await self.tell(f"hears {mention['author']}: “{mention['content']}”")

    async def _reviewed(self, id: int) -> str | None:
        word = str((await self.me.task(id))["status"])
        return word if word in ("done", "in_progress") else None

    async def say(self, id: int, words: str) -> None:
        await self.me.say(id, words)
        self.stage.book.tell(f"task_{id}", words)
        await self.tell(f"on task_{id}: “{words}”")

    async def spend(self, id: int, read: int, written: int) -> None:
        cost = (await self.me.spend(id, MODEL, read, written))["cost"]
        self.stage.book.tokens(self.me.badge.id, f"task_{id}", round(cost * MICRO))
        await self.tell(f"reports {read + written:,} tokens on task_{id}: ${cost:.6f}")
