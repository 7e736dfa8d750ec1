import asyncio

from simulation.audit import audit, token_counts
from simulation.client import Client
from simulation.ledger import Usage
from tests.simulation.serving import served
from tests.simulation.standin import StandIn


async def worked(client: Client) -> dict[str, int]:
    before = await token_counts(client)
    for number in range(3):
        task = (await client.create_task({"title": f"task {number}"})).get("task", "id")
        await client.comment(task, f"note {number}")
        await client.change_task(task, {"status": "review"})
    await client.report_tokens(Usage("atlas", "gpt-4.1", 100, 20), session="atlas:cli", duration_ms=1)
    return before


def problems_after(damage) -> list[str]:
    async def scenario():
        standin = StandIn()
        standin.count("atlas", {"inputTokens": 5, "outputTokens": 5})
        async with served(standin) as client:
            before = await worked(client)
            damage(standin)
            return await audit(client, before)

    return asyncio.run(scenario())


def test_an_honest_server_passes():
    assert problems_after(lambda standin: None) == []


def test_lost_tokens_are_found():
    assert "the server counts 0" in problems_after(lambda standin: standin.usage.pop())[0]


def test_tokens_counted_twice_are_found():
    assert len(problems_after(lambda standin: standin.usage.append(standin.usage[-1]))) == 1


def test_a_lost_task_is_found():
    assert problems_after(lambda standin: standin.tasks.pop(2)) == ["task 2 is gone"]


def test_a_lost_status_is_found():
    assert "acknowledged was review" in problems_after(lambda standin: standin.tasks[1].update(status="inbox"))[0]


def test_a_lost_comment_is_found():
    assert "is there 0 times" in problems_after(lambda standin: standin.comments.pop(3))[0]


def test_a_comment_stored_twice_is_found():
    assert "is there 2 times" in problems_after(lambda standin: standin.comments[1].append(standin.comments[1][0]))[0]
