"""Two agents want the same task, or write to it, at the same moment, each on a connection of its own."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from simulation.client import Client
from tests.server import Server

ROUNDS = 12
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


async def new_task(admin: Client) -> str:
    answer = await admin.once("x", "POST", "/api/v1/tasks", {"title": "Wanted", "type": "DOCS"})
    return answer.get("task", "id")


async def test_one_of_two_gets_the_task(fleet):
    async with AsyncExitStack() as stack:
        admin, agents = await admitted(stack, fleet)
        for _ in range(ROUNDS):
            path = f"/api/v1/tasks/{await new_task(admin)}"
            answers = await asyncio.gather(
                *(
                    client.once("x", "PATCH", path, {"assigneeIds": [id]})
                    for id, client in zip(AGENTS, agents, strict=True)
                )
            )
            assert sorted(answer.status for answer in answers) == [200, 409]
            won = AGENTS[[answer.status for answer in answers].index(200)]
            lost = next(answer for answer in answers if answer.status == 409)
            assert lost.get("error", "code") == "ALREADY_CLAIMED"
            assert lost.get("error", "details") == {"assigneeIds": [won]}
            found = await admin.once("x", "GET", path)
            assert found.get("task", "assigneeIds") == [won]
            assert [move["toStatus"] for move in found.get("transitions")] == ["INBOX", "ASSIGNED"]


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
