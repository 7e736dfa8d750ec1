"""Many writers on two web processes and one SQLite file: nobody is ever told that the database is locked."""

import asyncio
from collections import Counter

import pytest

from simulation.client import Client
from simulation.ledger import Usage
from tests.server import Server

WRITERS, TURNS = 64, 4
CLAIMERS, TASKS = 32, 60


@pytest.fixture(scope="module")
def own():
    with Server(web=2) as running:
        yield running


async def turn(client: Client, number: int) -> None:
    """Every kind of write there is, by one agent."""
    agent = f"writer-{number}"
    connection = (await client.connect(agent, "coder", "test", "1")).get("connection_id")
    for k in range(TURNS):
        usage = Usage(agent, "gpt-4o", 10, 5)
        await client.beat(agent, f"/api/agents/{agent}/heartbeat", connection, usage)
        await client.report_tokens(usage, session=f"{agent}:chat", duration_ms=1)
        task = (await client.create_task({"title": f"{agent} {k}", "assigned_to": agent})).get("task", "id")
        await client.comment(task, f"@{agent} look")
        await client.change_task(task, {"status": "in_progress"})
        await client.write("bulk", "PUT", "/api/tasks", {"tasks": [{"id": task, "status": "review"}]})
        await client.write("read", "PUT", "/api/notifications", {"recipient": agent, "markAllRead": True})
        await client.write("agent", "PUT", "/api/agents", {"name": agent, "status": "busy"})
        await client.write("delete", "DELETE", f"/api/tasks/{task}", None)
    await client.disconnect(agent, connection)


async def test_no_writer_is_ever_refused(own):
    async with Client(own.url, own.key) as client:
        await asyncio.gather(*(turn(client, number) for number in range(WRITERS)))
    wrong = client.meters.count(400, 599) + client.meters.count(0, 0)
    assert wrong == 0, client.meters.samples
    assert client.ledger.reports == WRITERS * TURNS * 2
    assert own.query("SELECT count(*), sum(input_tokens) FROM tokens_tokenusage") == [
        (WRITERS * TURNS * 2, WRITERS * TURNS * 20)
    ]
    assert own.query("SELECT sum(n) FROM tasks_tally") == own.query("SELECT count(*) FROM tasks_task")
    assert b"locked" not in (own.folder / "web.log").read_bytes()


async def test_no_task_is_handed_out_twice(own):
    given: list[int] = []

    async def work(client: Client, agent: str) -> None:
        while True:
            answer = await client.claim(agent)
            assert answer.ok, answer
            if answer.get("reason") == "no_tasks_available":
                return
            assert answer.get("reason") == "assigned", answer
            given.append(answer.get("task", "id"))
            await client.change_task(given[-1], {"status": "review"})

    async with Client(own.url, own.key) as client:
        made = [await client.create_task({"title": f"free {n}", "status": "inbox"}) for n in range(TASKS)]
        await asyncio.gather(*(work(client, f"claimer-{n}") for n in range(CLAIMERS)))
    assert Counter(given) == Counter(answer.get("task", "id") for answer in made)


async def test_ticket_numbers_are_given_once_and_without_gaps(own):
    async with Client(own.url, own.key) as client:
        project = await client.write("project", "POST", "/api/projects", {"name": "Numbers", "ticket_prefix": "NUM"})
        fields = {"project_id": project.get("project", "id")}
        made = await asyncio.gather(*(client.create_task({"title": f"n {n}", **fields}) for n in range(WRITERS)))
    numbers = sorted(answer.get("task", "project_ticket_no") for answer in made)
    assert numbers == list(range(1, WRITERS + 1))
