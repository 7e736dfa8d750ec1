import asyncio
import time

from aiohttp import web

from simulation.client import Client
from simulation.ledger import Usage
from tests.simulation.serving import served
from tests.simulation.standin import KEY, StandIn

USAGE = Usage("atlas", "gpt-4.1", 100, 20)


def test_acknowledged_writes_enter_the_ledger():
    async def scenario():
        async with served(StandIn()) as client:
            task = (await client.create_task({"title": "Fix login"})).get("task", "id")
            await client.comment(task, "on it")
            await client.change_task(task, {"status": "review"})
            await client.report_tokens(USAGE, session="atlas:cli", duration_ms=10)
            await client.beat("atlas", "/api/agents/1/heartbeat", "c", USAGE)
            return client.ledger

    ledger = asyncio.run(scenario())
    assert ledger.tokens == 240
    assert ledger.possible_statuses(1) == {"review"}
    assert list(ledger.comments[1].values()) == ["on it"]


def test_a_refused_write_is_not_in_the_ledger():
    async def scenario():
        standin = StandIn()
        standin.fault = lambda request: web.json_response({"error": "no"}, status=400)
        async with served(standin) as client:
            await client.create_task({"title": "x"})
            await client.report_tokens(USAGE, session="atlas:cli", duration_ms=10)
            return client

    client = asyncio.run(scenario())
    assert client.ledger.as_json()["tasks_created"] == 0
    assert not client.ledger.spent
    assert "POST /api/tasks" in client.meters.samples[400]


def test_a_server_error_leaves_the_report_unsure():
    async def scenario():
        standin = StandIn()
        standin.fault = lambda request: web.Response(status=500)
        async with served(standin) as client:
            await client.report_tokens(USAGE, session="atlas:cli", duration_ms=10)
            return client.ledger.spent["atlas"]

    spent = asyncio.run(scenario())
    assert (spent.sure, spent.unsure) == (0, 120)


def test_no_server_is_an_answer_with_status_zero():
    async def scenario():
        async with Client("http://127.0.0.1:9", KEY) as client:
            return await client.read("x", "/api/agents"), client.meters

    answer, meters = asyncio.run(scenario())
    assert answer.status == 0
    assert answer.unsure
    assert meters.count(0, 0) == 1


def test_a_rate_limit_is_waited_out_as_long_as_the_server_says():
    async def scenario():
        standin, seen = StandIn(), []

        def limit(request: web.Request) -> web.Response | None:
            seen.append(time.monotonic())
            return web.Response(status=429, headers={"Retry-After": "1"}) if len(seen) == 1 else None

        standin.fault = limit
        async with served(standin) as client:
            answer = await client.create_task({"title": "x"})
            return answer, seen[1] - seen[0], client.meters

    answer, waited, meters = asyncio.run(scenario())
    assert answer.ok
    assert waited >= 1
    assert meters.count(429, 429) == 1


def test_each_request_names_its_agent():
    async def scenario():
        standin, names = StandIn(), []
        standin.fault = lambda request: names.append(request.headers.get("x-agent-name"))
        async with served(standin) as client:
            await client.claim("atlas")
            await client.create_task({"title": "x"})
            return names

    assert asyncio.run(scenario()) == ["atlas", None]


def test_a_request_that_was_cut_off_is_remembered():
    async def scenario():
        async with served(StandIn()) as client:
            request = asyncio.create_task(client.read("stream", "/api/events"))
            await asyncio.sleep(0.2)
            request.cancel()
            await asyncio.wait([request])
            return client.cut_off

    assert asyncio.run(scenario()) == 1
