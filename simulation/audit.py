"""Compare the ledger with what the server says now. Every sentence returned is something that went wrong."""

from __future__ import annotations

from collections import Counter
from typing import Any

from simulation.client import Client

PAGE = 200
LONG_AGO = 365


class Unchecked(Exception):
    """The server did not answer a question of the audit."""


async def audit(client: Client, tokens_before: dict[str, int]) -> list[str]:
    return [
        *await lost_tokens(client, tokens_before),
        *await wrong_tasks(client),
        *await wrong_comments(client),
    ]


async def token_counts(client: Client) -> dict[str, int]:
    # Not `agent-costs`: by its contract that one looks at the newest 10,000 reports only.
    agents = (await _asked(client, f"/api/tokens/by-agent?days={LONG_AGO}")).get("agents", [])
    return {agent["agent"]: int(agent["total_tokens"]) for agent in agents}


async def lost_tokens(client: Client, before: dict[str, int]) -> list[str]:
    now, problems = await token_counts(client), []
    for agent, spent in client.ledger.spent.items():
        counted = now.get(agent, 0) - before.get(agent, 0)
        if not spent.sure <= counted <= spent.sure + spent.unsure:
            problems.append(
                f"{agent} reported {spent.sure} tokens (+{spent.unsure} unsure), the server counts {counted}"
            )
    return problems


async def wrong_tasks(client: Client) -> list[str]:
    found, problems = await _tasks(client, set(client.ledger.writes)), []
    for number in client.ledger.writes:
        task = found.get(number)
        if task is None:
            problems.append(f"task {number} is gone")
            continue
        title = client.ledger.titles.get(number, task["title"])
        if task["title"] != title:
            problems.append(f"task {number} is called {task['title']!r} instead of {title!r}")
        possible = client.ledger.possible_statuses(number)
        if task["status"] not in possible and not _claimed_in_the_dark(client, task):
            problems.append(f"task {number} is {task['status']}, acknowledged was {' or '.join(sorted(possible))}")
    return problems


def _claimed_in_the_dark(client: Client, task: dict[str, Any]) -> bool:
    return task["status"] == "in_progress" and task["assigned_to"] in client.ledger.unsure_claims


async def wrong_comments(client: Client) -> list[str]:
    problems = []
    for number, expected in client.ledger.comments.items():
        tree = (await _asked(client, f"/api/tasks/{number}/comments")).get("comments", [])
        stored = Counter(_flat(tree))
        for comment, content in expected.items():
            if stored[(comment, content)] != 1:
                problems.append(f"comment {comment} on task {number} is there {stored[(comment, content)]} times")
    return problems


async def _tasks(client: Client, wanted: set[int]) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    offset = 0
    while wanted - found.keys():
        tasks = (await _asked(client, f"/api/tasks?limit={PAGE}&offset={offset}")).get("tasks", [])
        if not tasks:
            break
        found |= {task["id"]: task for task in tasks if task["id"] in wanted}
        offset += len(tasks)
    return found


def _flat(tree: list[dict[str, Any]]) -> list[tuple[int, str]]:
    flat = []
    for comment in tree:
        flat += [(comment["id"], comment["content"]), *_flat(comment["replies"])]
    return flat


async def _asked(client: Client, path: str) -> dict[str, Any]:
    answer = await client.read("audit", path)
    if not answer.ok or not isinstance(answer.body, dict):
        raise Unchecked(f"GET {path} answered {answer.status} {answer.error}".strip())
    return answer.body
