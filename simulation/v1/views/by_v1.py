"""The v1 dialect, by whatever carries it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from simulation.v1.agents.by_curl import ByCurl
from simulation.v1.agents.by_mc import ByMc
from simulation.v1.agents.by_mcp import ByMcp
from simulation.v1.facts import Facts, micro, of_agent, of_approval, of_moves, of_task, of_whole

from .cast import Cast, number

Get = Callable[[str], Awaitable[Any]]
PAGE = 200
OF_TASKS = {"TASK_CREATED", "TASK_UPDATED", "TASK_TRANSITION", "TASK_ASSIGNED"}


async def by_paths(get: Get, cast: Cast) -> Facts:
    """What GET requests tell: the objects, and the lists that they stand in."""
    facts: Facts = {}
    for id in cast.tasks:
        facts |= of_whole(await get(f"/tasks/{id}"))
        facts |= of_moves(id, (await get(f"/tasks/{id}/transitions"))["transitions"])
    for id in cast.agents:
        body = await get(f"/agents/{id}")
        facts |= {**of_agent(body["agent"]), (id, "done"): body["stats"]["tasksCompleted"]}
    for id in cast.approvals:
        facts |= of_approval(await get(f"/approvals/{id}"))
    return facts


async def by_lists(get: Get, cast: Cast) -> Facts:
    facts: Facts = {}
    for task in (await get(f"/tasks?limit={PAGE}"))["tasks"]:
        facts |= of_task(task) if task["id"] in cast.tasks else {}
    for agent in (await get("/agents"))["agents"]:
        facts |= of_agent(agent) if agent["id"] in cast.agents else {}
    for approval in (await get(f"/approvals?limit={PAGE}"))["approvals"]:
        facts |= of_approval(approval) if approval["id"] in cast.approvals else {}
    return facts


async def by_inboxes(get: Get, cast: Cast) -> Facts:
    """What agents were told, and what was told about them."""
    facts: Facts = {}
    for id in cast.agents:
        notes = (await get(f"/notifications?targetAgentId={id}&limit={PAGE}"))["notifications"]
        facts[id, "notifications"] = sorted(number(note["id"]) for note in notes)
        alerts = (await get(f"/alerts?agentId={id}&limit={PAGE}"))["alerts"]
        facts[id, "alerts"] = sorted((alert["id"] for alert in alerts), key=number)
    return facts


async def by_timeline(get: Get, cast: Cast) -> Facts:
    """The ids of events: those of the one log that the stream tells from as well."""
    facts: Facts = {}
    for id in cast.tasks:
        rows = (await get(f"/events/timeline?taskId={id}&limit={PAGE}"))["activities"][::-1]
        facts[id, "events"] = [number(row["id"]) for row in rows if row["action"] in OF_TASKS]
        facts[id, "message events"] = [number(row["id"]) for row in rows if row["action"] == "MESSAGE_POSTED"]
    return facts


async def by_runs(get: Get, cast: Cast) -> Facts:
    """Costs, added up from the runs that caused them."""
    facts: Facts = {}
    for id in cast.tasks:
        facts[id, "cost"] = sum(micro(run["costUsd"]) for run in (await get(f"/tasks/{id}"))["runs"])
    for id in cast.agents:
        facts[id, "spent"] = micro((await get(f"/stats/agents/{id}/costs?period=day"))["total"])
    return facts


async def by_mc(me: ByMc, cast: Cast) -> Facts:
    facts: Facts = {}
    for id in cast.tasks:
        facts |= of_whole(await me.task(id))
    for id in cast.agents:
        facts |= of_agent(await me.mc("agent", "status", id))
    for id in cast.approvals:
        facts |= of_approval(await me.approval(id))
    return facts


async def by_mcp(me: ByMcp, cast: Cast) -> Facts:
    """Its tool knows agents by their own heartbeat alone."""
    facts: Facts = {}
    for id in cast.tasks:
        facts |= of_whole(await me.task(id))
    for id in cast.approvals:
        facts |= of_approval(await me.approval(id))
    # A beat without the task at hand would put it down.
    at_hand = (await me.tool("task_list", mine=True, status="IN_PROGRESS,BLOCKED,NEEDS_APPROVAL"))["tasks"]
    beat = await me.beat(at_hand[0]["id"] if at_hand else None)
    facts[me.badge.id, "status"] = beat["agentStatus"]
    facts[me.badge.id, "spent"] = micro(beat["budget"]["spentToday"])
    return facts


async def by_curl(me: ByCurl, cast: Cast) -> Facts:
    return await by_paths(lambda path: me.curl("GET", path), cast)
