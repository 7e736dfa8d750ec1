"""Two agents want the same task, or write to it, at the same moment, each on a connection of its own.

`make stress` has them want a thousand tasks on each database; MC_TEST_CLAIMS says how many otherwise.
"""

import asyncio
import os
from collections import Counter
from contextlib import AsyncExitStack

import pytest

from simulation.answer import Answer
from simulation.client import Client
from tests.server import Server

ROUNDS = 12
CLAIMS = int(os.environ.get("MC_TEST_CLAIMS", "200"))
# Tasks that are claimed at the same time, each by both.
AT_ONCE = 8
AGENTS = ("jordan", "riley")
PLAN = {"bullets": ["Read", "Write", "Check"]}


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def fleet(request):
    environment = {}
    if request.param == "postgres":
        environment["DATABASE_URL"] = request.getfixturevalue("postgres").create("claims")
    with Server(web=2, **environment) as running:
        yield running


async def admitted(stack: AsyncExitStack, server: Server) -> tuple[Client, list[Client]]:
    """The administrator, and each of the agents by its own token."""
    admin = await stack.enter_async_context(Client(server.url, server.key))
    agents = []
    for id in AGENTS:
        fields = {"id": id, "name": id.title(), "role": "SPECIALIST", "workspacePath": f"/squad/{id}"}
        await admin.once("x", "POST", "/api/v1/agents", fields)
        token = (await admin.once("x", "POST", "/api/v1/auth/token", {"agentId": id})).get("token")
        agents.append(await stack.enter_async_context(Client(server.url, token)))
    return admin, agents


async def claim(client: Client, path: str, id: str) -> Answer:
    return await client.once("x", "PATCH", path, {"assigneeIds": [id]})


async def new_task(admin: Client) -> str:
    answer = await admin.once("x", "POST", "/api/v1/tasks", {"title": "Wanted", "type": "DOCS"})
    return answer.get("task", "id")


async def test_one_of_two_gets_the_task(fleet):
    async with AsyncExitStack() as stack:
        admin, agents = await admitted(stack, fleet)
        for n in range(ROUNDS):
            path = f"/api/v1/tasks/{await new_task(admin)}"
            pair = list(zip(agents, AGENTS, strict=True))[:: 1 - n % 2 * 2]
            answers = await asyncio.gather(*(claim(client, path, id) for client, id in pair))
            won = winner([id for _, id in pair], answers)
            found = await admin.once("x", "GET", path)
            assert found.get("task", "assigneeIds") == [won]
            assert [move["toStatus"] for move in found.get("transitions")] == ["INBOX", "ASSIGNED"]


def winner(ids: list[str], answers: list[Answer]) -> str:
    assert sorted(answer.status for answer in answers) == [200, 409]
    won = ids[[answer.status for answer in answers].index(200)]
    lost = next(answer for answer in answers if answer.status == 409)
    assert lost.get("error", "code") == "ALREADY_CLAIMED"
    assert lost.get("error", "details") == {"assigneeIds": [won]}
    return won


@pytest.mark.timeout(1800)
async def test_of_many_tasks_that_two_want_each_goes_to_one(fleet):
    won: dict[int, str] = {}
    async with AsyncExitStack() as stack:
        admin, agents = await admitted(stack, fleet)

        async def both(task: str, turn: int) -> None:
            pair = list(zip(agents, AGENTS, strict=True))[:: 1 - turn % 2 * 2]
            answers = await asyncio.gather(*(claim(client, f"/api/v1/tasks/{task}", id) for client, id in pair))
            won[int(task.removeprefix("task_"))] = winner([id for _, id in pair], answers)

        for first in range(0, CLAIMS, AT_ONCE):
            turns = range(first, min(first + AT_ONCE, CLAIMS))
            tasks = await asyncio.gather(*(new_task(admin) for _ in turns))
            await asyncio.gather(*(both(task, turn) for task, turn in zip(tasks, turns, strict=True)))
    assert len(won) == CLAIMS
    given = fleet.query(
        f"SELECT s.task_id, a.slug FROM tasks_assignment s JOIN agents_agent a ON a.id = s.agent_id"
        f" WHERE s.task_id BETWEEN {min(won)} AND {max(won)} ORDER BY s.task_id"
    )
    assert given == sorted(won.items())
    moves = fleet.query(
        f"SELECT task_id FROM tasks_transition WHERE now = 'ASSIGNED' AND task_id BETWEEN {min(won)} AND {max(won)}"
    )
    assert Counter(task for (task,) in moves) == Counter(list(won))


async def test_what_is_sent_twice_at_once_happens_once(fleet):
    async with AsyncExitStack() as stack:
        admin, (jordan, _) = await admitted(stack, fleet)
        for _ in range(ROUNDS):
            path = f"/api/v1/tasks/{await new_task(admin)}"
            await jordan.once("x", "PATCH", path, {"assigneeIds": ["jordan"]})
            start = {"toStatus": "IN_PROGRESS", "workPlan": PLAN}
            answers = await asyncio.gather(*(jordan.once("x", "POST", f"{path}/transition", start) for _ in range(2)))
            assert [answer.status for answer in answers] == [200, 200]
            assert answers[0].get("transition", "id") == answers[1].get("transition", "id")
            found = await admin.once("x", "GET", path)
            assert [message["type"] for message in found.get("messages")] == ["WORK_PLAN"]


async def test_versions_of_a_document_are_counted_without_gaps(fleet):
    async with AsyncExitStack() as stack:
        admin, agents = await admitted(stack, fleet)
        path = f"/api/v1/tasks/{await new_task(admin)}/messages"
        file = {"name": "notes.md", "type": "EVIDENCE", "content": "# Notes"}
        body = {"type": "ARTIFACT", "content": "Attached", "artifacts": [file]}
        answers = await asyncio.gather(
            *(client.once("x", "POST", path, body) for client in agents for _ in range(ROUNDS))
        )
        assert {answer.status for answer in answers} == {201}
        ids = [answer.get("message", "artifacts")[0]["documentId"] for answer in answers]
        documents = [(await admin.once("x", "GET", f"/api/v1/documents/{id}")).get("document") for id in ids]
        assert sorted(document["version"] for document in documents) == list(range(1, len(ids) + 1))
