"""Many people answer one permission request at the same moment, through two processes: the first one counts."""

import asyncio
from collections import Counter

import pytest

from simulation.client import Client
from tests.conftest import KEYS
from tests.server import Server

MANY = 12
WISH = {"agentId": "keyed-agent", "tool": "Bash", "input": {"command": "ls docs"}}


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def asked(request):
    environment = {}
    if request.param == "postgres":
        environment["DATABASE_URL"] = request.getfixturevalue("postgres").create("permissions")
    with Server(web=2, **environment) as running:
        running.django(KEYS)
        yield running


async def test_one_answer_counts_and_is_told_once(asked):
    async with Client(asked.url, asked.key) as client:
        await asyncio.gather(*(client.once("warm", "GET", "/healthz") for _ in range(MANY)))
        id = (await client.once("x", "POST", "/api/v1/permissions", WISH)).get("requestId")
        path = f"/api/v1/permissions/{id}/respond"
        bodies = [{"approved": n % 2 == 0, "reason": f"Answer {n}"} for n in range(MANY)]
        answers = await asyncio.gather(*(client.once("x", "POST", path, body) for body in bodies))
        assert Counter(answer.status for answer in answers) == {200: 1, 409: MANY - 1}
        [winner] = [answer for answer in answers if answer.status == 200]
        seen = await client.once("x", "GET", f"/api/v1/permissions/{id}")
        assert (seen.get("reason"), seen.get("status")) == (winner.get("reason"), winner.get("status"))
        outcomes = {answer.body["error"]["details"]["permission"]["reason"] for answer in answers if answer != winner}
        assert outcomes == {winner.get("reason")}
    told = asked.query(f"SELECT count(*) FROM activity_event WHERE kind='permission.resolved' AND subject='{ref(id)}'")
    audited = asked.query(
        f"SELECT count(*) FROM activity_event WHERE type='permission_decided' AND subject='{ref(id)}'"
    )
    assert (told, audited) == ([(1,)], [(1,)])


async def test_an_answer_and_a_withdrawal_at_once_are_one_end(asked):
    async with Client(asked.url, asked.key) as client:
        for _ in range(5):
            id = (await client.once("x", "POST", "/api/v1/permissions", WISH)).get("requestId")
            path = f"/api/v1/permissions/{id}"
            answers = await asyncio.gather(
                client.once("x", "POST", f"{path}/respond", {"approved": True}), client.once("x", "DELETE", path)
            )
            assert sorted(answer.status for answer in answers) == [200, 409]


async def test_the_same_use_of_a_tool_asked_for_at_once_is_one_request(asked):
    async with Client(asked.url, asked.key) as client:
        wish = {**WISH, "toolUseId": "toolu_1"}
        answers = await asyncio.gather(*(client.once("x", "POST", "/api/v1/permissions", wish) for _ in range(MANY)))
        assert Counter(answer.status for answer in answers) == {201: 1, 200: MANY - 1}
        assert len({answer.get("requestId") for answer in answers}) == 1


def ref(id):
    return id.replace("perm_", "permission:")
