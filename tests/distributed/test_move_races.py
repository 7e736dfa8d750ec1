"""Many callers move one run or evaluate one rule at the same moment: each move is made once."""

import asyncio

import pytest

from simulation.client import Client
from tests.server import Server

MANY = 12
RULE = {
    "name": "Any agent",
    "entity_type": "agent",
    "condition_field": "name",
    "condition_operator": "contains",
    "condition_value": "n",
}


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def moved(request):
    environment = {}
    if request.param == "postgres":
        environment["DATABASE_URL"] = request.getfixturevalue("postgres").create("moves")
    with Server(web=2, **environment) as running:
        yield running


async def test_each_advance_moves_one_step(moved):
    async with Client(moved.url, moved.key) as client:
        template = await client.once("x", "POST", "/api/workflows", {"name": "t", "task_prompt": "Do it."})
        steps = [{"template_id": template.get("template", "id")}] * (MANY + 1)
        pipeline = await client.once("x", "POST", "/api/pipelines", {"name": "p", "steps": steps})
        start = {"action": "start", "pipeline_id": pipeline.get("pipeline", "id")}
        run = (await client.once("x", "POST", "/api/pipelines/run", start)).get("run", "id")
        advance = {"action": "advance", "run_id": run}
        answers = await asyncio.gather(*(client.once("x", "POST", "/api/pipelines/run", advance) for _ in range(MANY)))
        assert {answer.status for answer in answers} == {200}
        assert sorted(answer.get("run", "current_step") for answer in answers) == list(range(1, MANY + 1))
        cancel = {"action": "cancel", "run_id": run}
        answers = await asyncio.gather(*(client.once("x", "POST", "/api/pipelines/run", cancel) for _ in range(MANY)))
        assert sorted(answer.status for answer in answers) == [200] + [400] * (MANY - 1)


async def test_a_rule_is_triggered_once(moved):
    async with Client(moved.url, moved.key) as client:
        await client.once("x", "POST", "/api/agents", {"name": "nova", "role": "coder", "status": "idle"})
        assert (await client.once("x", "POST", "/api/alerts", RULE)).status == 201
        evaluate = {"action": "evaluate"}
        answers = await asyncio.gather(*(client.once("x", "POST", "/api/alerts", evaluate) for _ in range(MANY)))
        assert {answer.status for answer in answers} == {200}
        assert sum(answer.get("triggered") for answer in answers) == 1
        told = await client.once("x", "GET", "/api/notifications?recipient=system")
        assert told.get("total") == 1
