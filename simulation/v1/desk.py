"""What the person does when something waits: decide, send back, accept."""

from __future__ import annotations

from dataclasses import dataclass, field

from .agents.hands import Body
from .ears import Ears
from .office import Office
from .parts import LAUNCH, MIGRATION, NO, REVISION, YES
from .person import Person
from .stage import Stage
from .views.cast import number

MORE_BUDGET = "Half as much again, for today."


@dataclass(slots=True)
class Desk:
    person: Person
    office: Office
    ears: Ears
    stage: Stage
    agents: set[str]
    sent_back: set[str] = field(default_factory=set)

    async def run(self) -> None:
        while True:
            for approval in await self.office.pending(self.agents):
                await self.decide(approval)
            for task in await self.office.waiting_tasks(self.agents):
                await (self.review(task) if task["status"] == "REVIEW" else self.unblock(task))
            await self.ears.something_new()

    def tell(self, words: str) -> None:
        self.stage.teller("person", "dashboard", words)

    async def decide(self, approval: Body) -> None:
        await self.stage.beat()
        refused = MIGRATION.risky is not None and approval["actionSummary"] == MIGRATION.risky.summary
        reason = NO if refused else MORE_BUDGET if approval["actionType"] == "BUDGET_OVERRIDE" else YES
        id, summary = approval["id"], approval["actionSummary"]
        await self.person.decide(number(id), summary, approve=not refused, reason=reason)
        self.stage.book.approvals[id] = "DENIED" if refused else "APPROVED"
        self.tell(f"{'denies' if refused else 'approves'} {id} ({summary}): “{reason}”")

    async def review(self, task: Body) -> None:
        await self.stage.beat()
        id = task["id"]
        if task["title"] == self.stage.own(LAUNCH.title) and id not in self.sent_back:
            self.sent_back.add(id)
            await self.person.send_back(number(id), REVISION)
            return self.tell(f"sends {id} back: “{REVISION}”")
        await self.person.accept(number(id))
        self.tell(f"accepts {id}: {task['title']}")

    async def unblock(self, task: Body) -> None:
        await self.stage.beat()
        await self.person.let_go_on(number(task["id"]))
        self.tell(f"lets {task['id']} go on ({task['blockedReason']})")


@dataclass(slots=True)
class Notes:
    """With `--by-hand`: what waits for whoever sits at the dashboard, said once."""

    office: Office
    ears: Ears
    stage: Stage
    agents: set[str]
    said: set[str] = field(default_factory=set)

    async def run(self) -> None:
        while True:
            for approval in await self.office.pending(self.agents):
                self.once(approval["id"], f"please decide {approval['id']}, “{approval['actionSummary']}”: /approvals/")
            for task in await self.office.waiting_tasks(self.agents):
                verb = "review" if task["status"] == "REVIEW" else "unblock"
                where = f"/tasks/{number(task['id'])}/"
                self.once(
                    f"{task['id']} {task['updatedAt']}", f"please {verb} {task['id']}, “{task['title']}”: {where}"
                )
            await self.ears.something_new()

    def once(self, key: str, words: str) -> None:
        if key not in self.said:
            self.said.add(key)
            self.stage.teller("you", "dashboard", words)
