import asyncio
import time

from simulation.client import Client
from simulation.limits import keep_to_limits
from tests.simulation.limited import Limited
from tests.simulation.serving import served
from tests.simulation.standin import StandIn


async def ask(standin: StandIn, changes: int) -> tuple[Client, float]:
    async with served(standin) as client:
        await keep_to_limits(client)
        began = time.monotonic()
        await asyncio.gather(*(client.create_task({"title": "x"}) for _ in range(changes)))
        return client, time.monotonic() - began


def test_a_server_without_limits_is_used_freely():
    standin = StandIn()
    client, seconds = asyncio.run(ask(standin, 100))
    assert not client.writes_are_limited
    assert len(standin.tasks) == 100
    assert seconds < 2


def test_limits_are_known_before_the_first_change():
    standin = Limited()
    client, seconds = asyncio.run(ask(standin, 3))
    assert client.writes_are_limited
    assert 2 < seconds < 4
    assert standin.counted["changes"] == 3


def test_the_question_is_no_part_of_the_figures():
    client, _ = asyncio.run(ask(Limited(), 0))
    assert client.meters.requests == 0
