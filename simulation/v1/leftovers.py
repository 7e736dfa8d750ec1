"""What is not finished in the end: one task for each status that work can be left in."""

from __future__ import annotations

from .agents.hands import Action
from .audit import Everybody
from .parts import MODEL
from .stage import MICRO, Stage

BULLETS = ("Look", "Think", "Act")
WAITING = Action("git push origin main", "Push the index of last year", "Somebody asked for it")


async def leave_open(everybody: Everybody, stage: Stage) -> None:
    """After the person has gone home: nobody decides any more."""
    await _assigned(everybody, stage)
    await _needs_approval(everybody, stage)
    await _blocked(everybody, stage)
    await _failed(everybody, stage)
    await _canceled(everybody, stage)


async def _assigned(everybody: Everybody, stage: Stage) -> None:
    me = everybody.mc
    id = await everybody.office.new_task(stage.own("Sort the letters"), "DOCS", priority=4)
    await me.claim(id)
    stage.teller(me.badge.id, me.way, f"claims {id}, for tomorrow")


async def _needs_approval(everybody: Everybody, stage: Stage) -> None:
    me = everybody.curl
    task = await me.create(title=stage.own("Publish last year"), type="SEO_RESEARCH", assigneeIds=[me.badge.id])
    await me.start(task["id"], BULLETS, 0.1)
    asked = await me.ask(WAITING, task["id"])
    stage.book.approvals[asked["id"]] = "PENDING"
    stage.teller(me.badge.id, me.way, f"asks leave, {asked['id']} on {task['id']}, and waits")


async def _blocked(everybody: Everybody, stage: Stage) -> None:
    me, office = everybody.mcp, everybody.office
    id = await office.new_task(stage.own("Write to all customers"), "EMAIL_MARKETING")
    await me.claim(id)
    await me.start(id, BULLETS, 0.2)
    run = await me.begin_run(id, MODEL)
    await me.end_run(run, 0.002003, 700, 40)
    stage.book.spent(me.badge.id, id, 0.002003)
    await office.v1("POST", f"/tasks/{id}/transition", {"toStatus": "BLOCKED", "reason": "Wait for the lawyers"})
    stage.teller(me.badge.id, me.way, f"begins {id}, which is then blocked")


async def _failed(everybody: Everybody, stage: Stage) -> None:
    me = everybody.legacy
    task = await me.create(title=stage.own("Print the poster"), assigned_to=me.badge.id)
    cost = (await me.spend(task["id"], MODEL, 900, 100))["cost"]
    stage.book.tokens(me.badge.id, f"task_{task['id']}", round(cost * MICRO))
    await me.move(task["id"], "in_progress")
    await me.move(task["id"], "failed")
    stage.teller(me.badge.id, me.way, f"fails on task_{task['id']}")


async def _canceled(everybody: Everybody, stage: Stage) -> None:
    office = everybody.office
    id = await office.new_task(stage.own("Rebuild it in another language"), "ENGINEERING")
    await office.v1("POST", f"/tasks/{id}/transition", {"toStatus": "CANCELED", "reason": "No"})
    stage.teller("office", "", f"cancels {id}")
