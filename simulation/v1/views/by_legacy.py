"""The legacy dialect, in the words of v1."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from simulation.v1.agents.hands import Body
from simulation.v1.facts import Facts, micro

from .cast import Cast, number

Get = Callable[[str], Awaitable[Any]]
STATUSES = {
    "inbox": "INBOX", "backlog": "INBOX", "assigned": "ASSIGNED", "in_progress": "IN_PROGRESS", "review": "REVIEW",
    "quality_review": "REVIEW", "awaiting_owner": "BLOCKED", "failed": "BLOCKED", "done": "DONE",
}  # fmt: skip
PRIORITIES = {"critical": 1, "high": 2, "medium": 3, "low": 4}
PAGE = 500


def status_in_v1(task: Body) -> str:
    return str(task.get("v1_status") or STATUSES[task["status"]])


async def by_legacy(get: Get, cast: Cast) -> Facts:
    facts: Facts = {}
    for id in cast.tasks:
        facts |= of_task(id, (await get(f"/tasks/{number(id)}"))["task"])
        said = sorted(_flat((await get(f"/tasks/{number(id)}/comments"))["comments"]), key=lambda row: row["id"])
        facts[id, "messages"] = [(f"msg_{row['id']}", author(row, cast), row["content"]) for row in said]
    for agent in (await get("/agents?limit=200"))["agents"]:
        if agent["name"] in cast.agents:
            facts[agent["name"], "done"] = agent["taskStats"]["done"]
    stories = (await get(f"/activities?limit={PAGE}"))["activities"]
    facts["board", "stories"] = sorted(row["id"] for row in stories if cast.counts(row["id"]))
    for name in cast.agents:
        rows = (await get(f"/notifications?recipient={name}&limit={PAGE}"))["notifications"]
        facts[name, "notifications"] = sorted(row["id"] for row in rows)
    return facts | await _costs(get, cast)


async def _costs(get: Get, cast: Cast) -> Facts:
    costs = {row["taskId"]: row["stats"] for row in (await get("/tokens?action=task-costs"))["tasks"]}
    facts: Facts = {
        (id, "cost in all"): micro(costs[number(id)]["totalCost"]) for id in cast.tasks if number(id) in costs
    }
    spent = {row["agent"]: row["total_cost"] for row in (await get("/tokens/by-agent?days=1"))["agents"]}
    return facts | {(name, "spent in all"): micro(spent[name]) for name in cast.agents if name in spent}


def of_task(id: str, task: Body) -> Facts:
    return {
        (id, "status"): status_in_v1(task),
        (id, "title"): task["title"],
        (id, "priority"): PRIORITIES[task["priority"]],
        (id, "assignees"): [task["assigned_to"]] if task["assigned_to"] else [],
    }


def author(row: Body, cast: Cast) -> str:
    if row["author"] in cast.agents:
        return str(row["author"])
    return "system" if row["author"] == "system" else "person"


def _flat(tree: list[Body]) -> list[Body]:
    return [row for top in tree for row in (top, *_flat(top["replies"]))]
