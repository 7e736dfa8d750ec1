"""`kill -9` at random moments, under load: what was acknowledged is there, once; what happened is told, once."""

import asyncio
import os
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from simulation.audit import audit
from simulation.client import Client
from simulation.ledger import Usage
from simulation.streams import EventStream, gaps
from tests.server import Server

ROUNDS = int(os.environ.get("MC_CRASH_ROUNDS", "4"))
AGENTS, LISTENERS = 12, 4
MODELS = ("claude-sonnet-4-5", "gpt-4o")

USAGE = "SELECT sum(input_tokens), sum(output_tokens), sum(cost_microusd), count(*) FROM tokens_tokenusage"
SUMS = "SELECT sum(input_tokens), sum(output_tokens), sum(cost_microusd), sum(requests) FROM tokens_rollup"
TALLY = (
    "SELECT project_id, status, priority, sum(n) FROM tasks_tally GROUP BY 1, 2, 3 HAVING sum(n) <> 0 ORDER BY 1, 2, 3"
)
TASKS = "SELECT project_id, status, priority, count(*) FROM tasks_task GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def doomed(request):
    """Two web processes and a worker, on either database."""
    environment = {}
    if request.param == "postgres":
        environment["DATABASE_URL"] = request.getfixturevalue("postgres").create("crash")
    with Server(web=2, worker=True, **environment) as running:
        yield running


class Load:
    """Agents that beat, report, claim, comment and create until told to stop."""

    def __init__(self, client: Client, dice: random.Random) -> None:
        self.client, self.dice, self.over = client, dice, False

    async def work(self, number: int) -> None:
        agent, client, dice = f"crash-{number}", self.client, self.dice
        while not self.over:
            usage = Usage(agent, dice.choice(MODELS), dice.randint(1, 900), dice.randint(1, 300))
            await client.beat(agent, f"/api/agents/{agent}/heartbeat", "", usage)
            await client.report_tokens(usage, session=f"{agent}:chat", duration_ms=3)
            made = await client.create_task({"title": f"task of {agent}", "description": "x"})
            if made.ok:
                task = made.get("task", "id")
                await client.comment(task, f"{agent} says {dice.random()}")
                await client.change_task(task, {"status": dice.choice(["assigned", "review"]), "priority": "high"})
            claimed = await client.claim(agent)
            if claimed.get("task", "id"):
                await client.change_task(claimed.get("task", "id"), {"status": "review"})
            if not made.ok:
                await asyncio.sleep(0.05)


@asynccontextmanager
async def under_load(server: Server, seed: int) -> AsyncIterator[tuple[Client, list[EventStream]]]:
    async with Client(server.url, server.key) as client:
        for number in range(AGENTS):
            await client.connect(f"crash-{number}", "coder", "test", "1")
        streams = [EventStream(client) for _ in range(LISTENERS)]
        listeners = [asyncio.create_task(stream.run()) for stream in streams]
        for stream in streams:
            await asyncio.wait_for(stream.connected.wait(), 20)
        # Everybody knows where they are before the first crash.
        await client.create_task({"title": "first"})
        await until(lambda: all(stream.log.last for stream in streams))
        load = Load(client, random.Random(seed))
        workers = [asyncio.create_task(load.work(number)) for number in range(AGENTS)]
        try:
            yield client, streams
        finally:
            load.over = True
            await asyncio.gather(*workers)
        last = (await client.create_task({"title": "last"})).ok and server.query("SELECT max(id) FROM activity_event")[
            0
        ][0]
        await until(lambda: all((stream.log.last or 0) >= last for stream in streams))
        for listener in listeners:
            listener.cancel()
        await asyncio.gather(*listeners, return_exceptions=True)


async def until(true, seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.02)


async def crash(server: Server, dice: random.Random) -> None:
    """One child of the web server, the whole of it, or the worker."""
    await asyncio.sleep(dice.uniform(0.3, 1.0))
    victim = dice.choice(["child", "web", "worker"])
    if victim == "child":
        dice.choice(server.processes_of("web")).kill()
        await until(lambda: len(server.processes_of("web")) == 2)
    else:
        server.kill(victim)
        await asyncio.sleep(dice.uniform(0, 0.3))
        await asyncio.to_thread(server.start, victim)


async def test_what_was_acknowledged_survives_and_is_told_once(doomed):
    dice = random.Random(2026)
    async with under_load(doomed, 1) as (client, streams):
        for _ in range(ROUNDS):
            await crash(doomed, dice)
        await asyncio.sleep(0.5)
    assert client.ledger.reports > 50
    assert await audited(doomed, client) == []
    assert client.meters.count(400, 499) == 0, client.meters.samples
    assert client.meters.count(500, 599) == 0, client.meters.samples

    everything = [
        id for (id,) in doomed.query("SELECT id FROM activity_event WHERE kind <> 'access.changed' ORDER BY id")
    ]
    for stream in streams:
        seen = list(stream.log.ids)
        assert (stream.log.duplicates, stream.log.disordered, stream.log.resyncs) == (0, 0, 0)
        assert seen == [id for id in everything if id >= seen[0]]
    assert gaps(stream.log for stream in streams) == 0


async def audited(server: Server, client: Client) -> list[str]:
    async with Client(server.url, server.key, ledger=client.ledger) as fresh:
        return await audit(fresh, {})


def test_the_sums_agree_with_the_reports(doomed):
    for dimension in ("total", "model", "agent", "project"):
        assert doomed.query(f"{SUMS} WHERE dimension = '{dimension}'") == doomed.query(USAGE)


def test_the_tally_agrees_with_the_tasks(doomed):
    assert doomed.query(TALLY) == doomed.query(TASKS)


def test_every_status_a_task_has_is_the_end_of_its_transitions(doomed):
    wrong = doomed.query(
        "SELECT t.id, t.status, x.now FROM tasks_task t JOIN tasks_transition x ON x.id ="
        " (SELECT max(id) FROM tasks_transition WHERE task_id = t.id) WHERE x.now <> t.status",
    )
    assert wrong == []


def test_every_ticket_number_is_given_once(doomed):
    assert doomed.query("SELECT project_id, number, count(*) FROM tasks_task GROUP BY 1, 2 HAVING count(*) > 1") == []


def test_the_file_is_whole(doomed):
    if "DATABASE_URL" in doomed.environment:
        return
    assert doomed.query("PRAGMA integrity_check") == [("ok",)]
    assert doomed.query("PRAGMA foreign_key_check") == []


def test_the_server_says_that_it_is_ready(doomed):
    assert doomed.wait_until_ready() == {"database": "ok", "worker": "ok"}
