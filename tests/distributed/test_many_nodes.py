"""Many machines under a working fleet, while every process is killed in turn, Redis stops and PostgreSQL restarts.

`make stress` sends 500 agents; MC_TEST_AGENTS says how many otherwise.
"""

import asyncio
import itertools
import os
import time

import pytest

from simulation.options import Options
from simulation.run import Simulation
from tests.databases import Redis
from tests.distributed.nodes import Nodes
from tests.distributed.proxy import Proxy
from tests.server import KEY

AGENTS = int(os.environ.get("MC_TEST_AGENTS", "60"))
WITHOUT_REDIS = 20.0
HEALTHY_WITHIN = 15.0
# Between two faults, for the fleet to meet each of them.
PAUSE = 0.7

pytestmark = pytest.mark.timeout(600)


class Patient(Simulation):
    """Whatever the machine has to do besides, the accounts are settled."""

    audit_at_most = 300.0
    patience = 60.0


class Ordeal:
    """A fleet at work behind the proxy, and what is done to the servers meanwhile."""

    def __init__(self, nodes, postgres, redis):
        self.nodes, self.postgres, self.redis = nodes, postgres, redis

    async def run(self):
        ports = [web.port for web in self.nodes.webs]
        async with Proxy(ports) as self.proxy:
            options = Options(self.proxy.url, KEY, agents=AGENTS, minutes=30, rate=2, streams=9)
            self.simulation = Patient(options)
            simulating = asyncio.create_task(self.simulation.run())
            try:
                await self.faults()
            finally:
                self.simulation.world.stopped.set()
            self.summary = await simulating

    async def faults(self):
        await asyncio.sleep(10)
        for name in self.nodes.names:
            await self.kill_and_restart(name)
        await self.without_redis()
        await asyncio.to_thread(self.postgres.restart)
        self.recovery, self.said = await asyncio.to_thread(self.nodes.seconds_until, "ready")
        await asyncio.sleep(5)

    async def kill_and_restart(self, name):
        await asyncio.to_thread(self.nodes.kill, name)
        await asyncio.sleep(PAUSE)
        await asyncio.to_thread(self.nodes.start, name)
        await asyncio.sleep(PAUSE)

    async def without_redis(self):
        began = time.monotonic()
        await asyncio.to_thread(self.redis.stop)
        _, self.told = await asyncio.to_thread(self.nodes.seconds_until, "degraded")
        await asyncio.sleep(max(0.0, WITHOUT_REDIS - (time.monotonic() - began)))
        await asyncio.to_thread(self.redis.start)


@pytest.fixture(scope="module")
def ordeal(postgres, redis_server):
    with Redis() as redis:
        shared = {"DATABASE_URL": postgres.create("many-nodes"), "REDIS_URL": redis.url(), "MC_SWEEP_SECONDS": "2"}
        # The second beat is a mistake that somebody made.
        with Nodes({"web": 3, "worker": 2, "beat": 2}, **shared) as nodes:
            ordeal = Ordeal(nodes, postgres, redis)
            asyncio.run(ordeal.run())
            yield ordeal


def test_no_acknowledged_write_is_lost_or_doubled(ordeal):
    assert ordeal.summary.mismatches == []
    ledger = ordeal.simulation.world.client.ledger
    assert ledger.reports > AGENTS
    assert ledger.comment_count > 0
    for kind, table, acknowledged in (
        ("create task", "tasks_task", len(ledger.titles)),
        ("comment", "tasks_comment", ledger.comment_count),
    ):
        statuses = ordeal.summary.meters.kinds[kind].statuses
        unsure = sum(times for status, times in statuses.items() if status == 0 or status >= 500)
        ((stored,),) = ordeal.nodes.webs[0].query(f"SELECT count(*) FROM {table}")
        assert acknowledged <= stored <= acknowledged + unsure


def test_the_fleet_met_every_fault_and_was_served_by_all(ordeal):
    assert ordeal.proxy.refused > 0
    assert all(ordeal.proxy.served[web.port] > 50 for web in ordeal.nodes.webs)
    assert ordeal.summary.crashes == []


def test_streams_go_on_at_another_process_without_gap_or_duplicate(ordeal):
    assert ordeal.summary.stream_faults == dict.fromkeys(ordeal.summary.stream_faults, 0)
    assert all(stream.connects > 1 for stream in ordeal.summary.streams)
    first = min(stream.log.ids[0] for stream in ordeal.summary.streams)
    last = max(stream.log.ids[-1] for stream in ordeal.summary.streams)
    told = ordeal.nodes.webs[0].django(
        "from activity.models import Event; from realtime.wire import sse\n"
        f"events = Event.objects.filter(id__gte={first}, id__lte={last}).order_by('id')\n"
        "answer = [event.id for event in events if sse.encode(event)]"
    )
    for stream in ordeal.summary.streams:
        ids = list(stream.log.ids)
        assert ids == [id for id in told if ids[0] <= id <= ids[-1]]


def test_while_redis_was_away_each_process_served_and_said_so(ordeal):
    for said in ordeal.told:
        assert said["status"] == "degraded"
        assert said["checks"]["database"] == said["checks"]["worker"] == "ok"
        assert "does not answer" in said["checks"]["redis"]


def test_jobs_never_ran_beside_themselves(ordeal):
    runs = ordeal.nodes.webs[0].query("SELECT job, started_at, ended_at FROM system_jobrun ORDER BY job, started_at")
    assert len(runs) > 20
    for (job, _, ended), (next_job, began, _) in itertools.pairwise(runs):
        assert job != next_job or began >= ended
    ((holder,),) = ordeal.nodes.webs[0].query("SELECT holder FROM activity_lease WHERE name = 'beat'")
    beats = [str(ordeal.nodes.machines[name].processes["beat"].pid) for name in ordeal.nodes.of("beat")]
    assert holder.split(":")[1] in beats


def test_it_is_healthy_soon_after_the_last_fault(ordeal):
    assert [one["status"] for one in ordeal.said] == ["ready"] * 3, ordeal.said
    assert ordeal.recovery < HEALTHY_WITHIN
