"""How an agent of the v1 dialect goes through a task, whatever its hands are made of."""

from __future__ import annotations

from dataclasses import replace

from .agents.hands import Action, Body, Refused, Work
from .parts import ALLOWED, FORBIDDEN, MODEL, Bill, Part
from .worker import Worker

OVER = ("DONE", "CANCELED")


class Story(Worker):
    async def claim(self, part: Part) -> str | None:
        """Find the part's task in the inbox and take it; None when somebody else was faster."""
        title = self.stage.own(part.title)

        async def look() -> str | None:
            found = await self.me.open_tasks(part.type)
            return next((task["id"] for task in found if task["title"] == title), None)

        return await self.take(await self.stage.until(look, f"“{title}” to appear"), title)

    async def take(self, id: str, title: str) -> str | None:
        if not await self.me.claim(id):
            await self.tell(f"wants {id} as well; somebody was faster")
            return None
        await self.tell(f"claims {id}: {title}")
        return id

    async def find_and_do(self, part: Part) -> None:
        if id := await self.claim(part):
            await self.do(part, id)

    async def do(self, part: Part, id: str) -> None:
        await self.me.start(id, part.bullets, part.estimate)
        await self.tell(f"plans {id} in {len(part.bullets)} steps and begins")
        await self.say(id, f"On it. First: {part.bullets[0].lower()}.", part.mentions and self.stage.own(part.mentions))
        for bill in part.bills:
            run = await self.me.begin_run(id, MODEL)
            if bill is part.bills[0] and part.risky:
                await self.use_tools(id, run, part)
            await self.pay(id, run, bill)
        handed_in = part.overdraft is not None and await self.overdraw(id, part.overdraft, part.work)
        await self.hand_in(id, part.work, handed_in=handed_in)

    # Tools

    async def use_tools(self, id: str, run: str, part: Part) -> None:
        await self.judge(id, FORBIDDEN)
        verdict = await self.judge(id, ALLOWED)
        await self.call(id, run, ALLOWED, verdict)
        if part.risky is not None:
            await self.ask_leave(id, run, part.risky, part.instead)

    async def judge(self, id: str, action: Action) -> Body:
        verdict = await self.me.judge(action, id)
        await self.tell(f"may I `{action.command}`? {verdict['decision']}, {verdict['riskLevel']}")
        return verdict

    async def call(self, id: str, run: str, action: Action, verdict: Body, approval: str | None = None) -> None:
        result = {"decision": verdict["decision"], "reason": verdict["reason"], "approvalId": approval}
        call = await self.me.begin_call(run, id, action, {**verdict, "result": result})
        await self.me.end_call(call, "done")
        await self.tell(f"runs `{action.command}` ({call})")

    async def ask_leave(self, id: str, run: str, action: Action, instead: str) -> None:
        verdict = await self.judge(id, action)
        asked = await self.me.ask(action, id)
        await self.tell(f"asks leave, {asked['id']}: {action.summary}")

        async def look() -> Body | None:
            approval = await self.me.approval(asked["id"])
            return approval if approval["status"] != "PENDING" else None

        decided = await self.stage.until(look, f"a decision on {asked['id']}")
        self.stage.book.approvals[asked["id"]] = decided["status"]
        await self.tell(f"hears: {asked['id']} is {decided['status']}, “{decided['decisionReason'] or ''}”")
        await self.back_at_work(id)
        if decided["status"] == "APPROVED":
            verdict = await self.judge(id, action)
            await self.call(id, run, action, verdict, asked["id"])
        elif instead:
            await self.say(id, instead)

    # Waiting for people

    async def overdraw(self, id: str, bill: Bill, work: Work) -> bool:
        """Spend more than the day allows: the server stops the agent until a person gives it more. Whether the work
        could be handed in all the same, because somebody gave more at once."""
        run = await self.me.begin_run(id, MODEL)
        warning = (await self.pay(id, run, bill)).get("budgetWarning") or {}
        await self.tell(f"is over its budget: {warning.get('type')}, {warning.get('remaining')} left")
        try:
            await self.me.submit(id, work)
        except Refused as refusal:
            await self.tell(f"would hand in {id}, and is refused: {refusal.code}")
        else:
            return True

        async def look() -> bool | None:
            return True if (await self.me.beat(id))["agentStatus"] == "ACTIVE" else None

        await self.stage.until(look, "more budget")
        await self.back_at_work(id)
        await self.tell("is given more, and goes on")
        return False

    async def hand_in(self, id: str, work: Work, *, handed_in: bool = False) -> None:
        """Until a person is content."""
        while True:
            if not handed_in:
                await self.me.submit(id, work)
            handed_in = False
            await self.tell(f"hands in {id}: {work.summary}")

            async def look() -> str | None:
                status = str(await self.status(id))
                return status if status in ("IN_PROGRESS", *OVER) else None

            status = await self.stage.until(look, f"a review of {id}")
            if status in OVER:
                return await self.tell(f"{id} is {status}")
            await self.tell(f"{id} came back, and is done again")
            work = replace(work, content=f"{work.content}\n\nRevised.", summary=f"{work.summary}, revised")
