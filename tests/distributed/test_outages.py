"""Redis carries hints, so nothing but speed is lost with it; PostgreSQL may break off every connection."""

import time

import pytest

from tests.databases import Redis
from tests.realtime.listening import listening
from tests.realtime.test_stream_bytes import make_task
from tests.server import Server, unique


@pytest.fixture(scope="module")
def redis_of_its_own(redis_server):
    with Redis() as running:
        yield running


@pytest.fixture(scope="module")
def own(postgres, redis_of_its_own):
    with Server(
        web=2,
        DATABASE_URL=postgres.create("outages"),
        REDIS_URL=redis_of_its_own.url(),
        MC_DISABLE_RATE_LIMIT="",
    ) as running:
        yield running


def beat(server, agent):
    usage = {"model": "gpt-4o", "inputTokens": 1, "outputTokens": 1}
    return server.ask("POST", f"/api/agents/{agent}/heartbeat", {"token_usage": usage}, headers={"x-agent-name": agent})


def test_broken_connections_to_the_database_are_made_again(own, postgres):
    agent = unique("agent")
    own.ask("POST", "/api/connect", {"tool_name": "test", "agent_name": agent})
    with listening(own) as stream:
        for _ in range(3):
            assert beat(own, agent)[0] == 200
            with postgres.connect("outages") as connection:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = 'outages' AND pid <> pg_backend_pid()"
                )
            for _ in range(4):
                assert beat(own, agent)[0] == 200
                stream.wait_for_title(make_task(own))
                assert own.ask("GET", "/api/tasks")[0] == 200
        assert "resync" not in stream.types
        assert not stream.ended


def test_without_redis_everything_goes_on(own, redis_of_its_own):
    agent = unique("agent")
    own.ask("POST", "/api/connect", {"tool_name": "test", "agent_name": agent})
    with listening(own) as stream:
        redis_of_its_own.process.terminate()
        redis_of_its_own.process.wait()
        for _ in range(4):
            assert beat(own, agent)[0] == 200
            stream.wait_for_title(make_task(own))
            assert own.ask("GET", f"/api/tasks/queue?agent={agent}")[0] == 200
        redis_of_its_own.start()
        time.sleep(1.5)
        stream.wait_for_title(make_task(own))
