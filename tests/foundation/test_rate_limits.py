"""Limits are counted once for all web processes."""

import asyncio
from collections import Counter

import pytest

from simulation.client import Client
from tests.server import Server


@pytest.fixture(scope="module")
def limited():
    with Server(web=2, MC_DISABLE_RATE_LIMIT="") as running:
        yield running


async def statuses(server, n, method, path, body=None, **rest):
    async with Client(server.url, server.key) as client:
        answers = await asyncio.gather(*(client.once("x", method, path, body, **rest) for _ in range(n)))
    return Counter(answer.status for answer in answers), answers


async def test_the_sixty_first_change_in_a_minute_is_refused(limited):
    counted, answers = await statuses(limited, 90, "POST", "/api/tasks", {"title": "limited"})
    assert counted == {201: 60, 429: 30}
    refused = next(answer for answer in answers if answer.status == 429)
    assert refused.body == {"error": "Too many requests. Please try again later."}
    assert "Retry-After" not in refused.headers


async def test_an_agent_may_beat_thirty_times_a_minute(limited):
    for agent in ("quick", "other"):
        async with Client(limited.url, limited.key) as client:
            await client.connect(agent, "coder", "test", "1")
        path = f"/api/agents/{agent}/heartbeat"
        counted, answers = await statuses(limited, 40, "POST", path, {}, agent=agent)
        assert counted == {200: 30, 429: 10}
        refused = next(answer for answer in answers if answer.status == 429)
        assert refused.body == {"error": "Agent heartbeat rate limit exceeded."}
        assert 1 <= int(refused.headers["Retry-After"]) <= 60
        assert refused.headers["X-RateLimit-Limit"] == "30"
        assert refused.headers["X-RateLimit-Remaining"] == "0"


async def test_an_agent_may_ask_for_work_twenty_times_a_minute(limited):
    counted, _ = await statuses(limited, 30, "GET", "/api/tasks/queue?agent=asker", agent="asker")
    assert counted == {200: 20, 429: 10}


async def test_reports_of_tokens_and_connections_have_no_limit(limited):
    report = {"model": "gpt-4o", "sessionId": "a:chat", "inputTokens": 1, "outputTokens": 1}
    assert (await statuses(limited, 80, "POST", "/api/tokens", report))[0] == {200: 80}
    connect = {"tool_name": "test", "agent_name": "connector"}
    assert (await statuses(limited, 80, "POST", "/api/connect", connect))[0] == {200: 80}


async def test_sign_in_is_limited_even_where_limits_are_off():
    with Server(web=2) as unlimited:
        body = {"username": "admin", "password": "wrong"}
        counted, _ = await statuses(unlimited, 12, "POST", "/api/auth/login", body)
        assert counted == {401: 5, 429: 7}
        assert (await statuses(unlimited, 70, "POST", "/api/tasks", {"title": "free"}))[0] == {201: 70}
