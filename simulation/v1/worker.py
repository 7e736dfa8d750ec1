"""What every agent of the v1 dialect does between its steps: say, pay, and wait for people."""

from __future__ import annotations

from typing import Any

from .agents.hands import Body, Hands
from .parts import Bill
from .stage import Stage


class Worker:
    def __init__(self, me: Hands, stage: Stage) -> None:
        self.me = me
        self.stage = stage
        self.id = me.badge.id

    async def tell(self, words: str) -> None:
        self.stage.teller(self.id, self.me.way, words)
        await self.stage.beat()

    async def say(self, id: str, words: str, mentions: str = "") -> None:
        await self.me.say(id, words, [mentions] if mentions else [])
        self.stage.book.tell(id, words)
        await self.tell(f"on {id}: {f'@{mentions} ' if mentions else ''}“{words}”")

    async def pay(self, id: str, run: str, bill: Bill) -> Body:
        answer = await self.me.end_run(run, bill.dollars, bill.read, bill.written)
        self.stage.book.spent(self.id, id, bill.dollars)
        await self.tell(f"ends {run} on {id}: ${bill.dollars:.6f}")
        return answer

    async def hear(self) -> None:
        """What the others said to this agent, by its heartbeat."""
        for note in (await self.me.beat())["pendingNotifications"]:
            if note["type"] == "MENTION":
                await self.tell(f"hears: {note['title']}")

    async def status(self, id: str) -> Any:
        return (await self.me.task(id))["task"]["status"]

    async def back_at_work(self, id: str) -> None:
        async def look() -> bool | None:
            return True if await self.status(id) == "IN_PROGRESS" else None

        await self.stage.until(look, f"{id} to go on")
