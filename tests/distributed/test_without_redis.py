"""Redis carries hints and counts. While it is away or hangs, everything is served, some of it later; it is told, and
once Redis is back everything is as before, without anybody's doing."""

import signal

import pytest

from tests.databases import Redis
from tests.distributed.nodes import Nodes
from tests.foundation.test_rate_limits import statuses
from tests.realtime.listening import listening
from tests.realtime.test_stream_bytes import make_task
from tests.server import unique


@pytest.fixture(scope="module")
def redis(redis_server):
    with Redis() as running:
        yield running


@pytest.fixture(scope="module")
def nodes(postgres, redis):
    shared = {"DATABASE_URL": postgres.create("without-redis"), "REDIS_URL": redis.url(), "MC_SWEEP_SECONDS": "1"}
    with Nodes({"web": 2, "worker": 1, "beat": 1}, MC_DISABLE_RATE_LIMIT="", **shared) as running:
        assert running.seconds_until("ready")[1][0]["status"] == "ready"
        yield running


@pytest.fixture(params=["is stopped", "hangs"])
def outage(redis, request):
    """How Redis goes away, and how it comes back."""
    if request.param == "hangs":
        yield lambda: redis.process.send_signal(signal.SIGSTOP), lambda: redis.process.send_signal(signal.SIGCONT)
        redis.process.send_signal(signal.SIGCONT)
    else:
        yield redis.stop, redis.start


def parts(web):
    lines = web.ask("GET", "/metrics")[1].decode().splitlines()
    start = 'mc_part_up{part="'
    named = [line.removeprefix(start).partition('"} ') for line in lines if line.startswith(start)]
    return {part: float(value) for part, _, value in named}


def make_silent(web, agent):
    web.ask("POST", "/api/connect", {"tool_name": "test", "agent_name": agent})
    web.django(
        "from datetime import timedelta\nfrom django.utils import timezone\nfrom agents.models import Agent\n"
        f"Agent.objects.filter(name={agent!r}).update(heard_at=timezone.now() - timedelta(hours=1))"
    )


async def test_it_serves_says_what_is_away_and_recovers(nodes, outage):
    one, other = nodes.webs
    assert parts(one) == {"database": 1, "worker": 1, "redis": 1, "jobs": 1}
    beating, silent = unique("beating"), unique("silent")
    one.ask("POST", "/api/connect", {"tool_name": "test", "agent_name": beating})
    away, back = outage
    with listening(other) as stream:
        away()
        status, answer = one.ask("GET", "/readyz", key=None)
        assert (status, answer["status"]) == (200, "degraded")
        assert "does not answer" in answer["checks"]["redis"]
        assert answer["checks"]["database"] == answer["checks"]["worker"] == "ok"
        assert parts(one)["redis"] == 0
        # News reach those who listen elsewhere, and limits hold.
        for _ in range(3):
            stream.wait_for_title(make_task(one))
        counted, _ = await statuses(one, 40, "POST", f"/api/agents/{beating}/heartbeat", {}, agent=beating)
        assert counted == {200: 30, 429: 10}
        make_silent(one, silent)
        back()
        assert nodes.seconds_until("ready")[1] == [one.ask("GET", "/readyz", key=None)[1]] * 2
        assert parts(one) == {"database": 1, "worker": 1, "redis": 1, "jobs": 1}
        # Jobs go on.
        stream.wait_until(lambda stream: f'"name":"{silent}","status":"offline"'.encode() in stream.body, seconds=30)
        stream.wait_for_title(make_task(one))
        assert "resync" not in stream.types
