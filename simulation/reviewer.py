"""Aegis, the reviewer: nothing is done before it said so."""

from __future__ import annotations

from typing import Any

from simulation.agent import Agent
from simulation.stories import PRAISE, REJECTIONS

REJECTS = 0.12
CROWDED = 8


class Reviewer(Agent):
    async def shift(self) -> None:
        while True:
            self.show("idle")
            await self.live(self.rng.uniform(2, 4))
            answer = await self.client.read("list reviews", "/api/tasks?status=review&limit=50", agent=self.name)
            waiting: list[dict[str, Any]] = answer.get("tasks") or []
            for task in reversed(waiting):
                await self.judge(task, hurry=min(1.0, CROWDED / len(waiting)))

    async def judge(self, task: dict[str, Any], *, hurry: float) -> None:
        self.task_id = task["id"]
        self.show("busy")
        await self.client.read("read comments", f"/api/tasks/{task['id']}/comments", agent=self.name)
        await self.live(self.rng.uniform(0.3, 1.2) * hurry)
        await self.think()
        # Nobody is sent back twice, so a run comes to its results.
        approved = task["id"] in self.world.rejected_before or self.rng.random() > REJECTS
        notes = self.world.stories.say(PRAISE if approved else REJECTIONS)
        answer = await self.client.review(task["id"], self.name, approved=approved, notes=notes)
        if answer.ok:
            self.world.score["tasks finished" if approved else "sent back"] += 1
            if not approved:
                self.world.rejected_before.add(task["id"])
        self.task_id = None
