import asyncio
import os
import signal

import pytest
from aiohttp import web
from rich.console import Console

from simulation.options import Options
from simulation.run import CannotStart, Simulation
from simulation.summary import Summary
from tests.simulation.limited import Limited
from tests.simulation.serving import served
from tests.simulation.standin import KEY, StandIn

SECONDS = 3.0


def run(standin: StandIn, *, key: str = KEY, seconds: float = SECONDS, interrupt_after: float = 0) -> Summary:
    async def scenario() -> Summary:
        async with served(standin) as client:
            options = Options(client.url, key, agents=8, minutes=seconds / 60, rate=20, streams=3)
            if interrupt_after:
                asyncio.get_running_loop().call_later(interrupt_after, os.kill, os.getpid(), signal.SIGINT)
            return await Simulation(options).run()

    return asyncio.run(scenario())


def test_a_fleet_works_and_every_acknowledged_write_is_found_again():
    summary = run(StandIn())
    assert summary.problems == []
    assert summary.mismatches == []
    assert summary.exit_code == 0
    assert summary.world.score["tasks finished"] > 0
    assert summary.as_json()["events"]["seen"] > 0


def test_a_fleet_keeps_to_the_limits_and_says_so():
    standin = Limited()
    summary = run(standin)
    assert summary.problems == []
    assert 1 <= standin.counted["changes"] <= summary.world.elapsed + 1
    assert summary.meters.count(429, 429) == 0
    assert "limits changes to 60 a minute" in " ".join(summary.advice())


def test_the_summary_can_be_shown():
    summary = run(StandIn(), seconds=1)
    console = Console(record=True, quiet=True, width=120)
    summary.show(console)
    assert summary.compared() in console.export_text() or not summary.problems


def test_server_errors_fail_the_run():
    standin = StandIn()
    standin.fault = lambda request: web.Response(status=500) if "comments" in request.path else None
    summary = run(standin, seconds=2)
    assert summary.exit_code == 1
    assert "server error" in summary.problems[0]


def test_ctrl_c_ends_it_within_two_seconds_with_a_summary():
    summary = run(StandIn(), seconds=60, interrupt_after=1.5)
    assert summary.interrupted
    assert summary.world.elapsed < 3.5
    assert summary.exit_code == 0


def test_a_refused_key_is_one_clear_line():
    with pytest.raises(CannotStart, match="refused the key"):
        run(StandIn(), key="wrong")


def test_no_server_is_one_clear_line():
    with pytest.raises(CannotStart, match="No server answers"):
        asyncio.run(Simulation(Options("http://127.0.0.1:9", KEY)).run())
