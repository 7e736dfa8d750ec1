"""The main job on PostgreSQL and Redis, with several processes of each kind."""

import asyncio
from collections import Counter
from contextlib import ExitStack

import pytest

from simulation.audit import audit
from simulation.client import Client
from simulation.streams import EventStream, gaps
from tests.conftest import KEYS
from tests.realtime.listening import listening
from tests.realtime.test_stream_bytes import make_task
from tests.reliability.test_contention import TURNS, turn
from tests.server import unique

WRITERS = 24


@pytest.fixture(scope="module")
def base(fleet):
    return fleet.query


def test_it_becomes_ready(fleet):
    assert fleet.wait_until_ready(status="ready") == dict.fromkeys(("database", "worker", "redis", "jobs"), "ok")


def test_an_agent_connects_beats_works_and_is_seen(fleet):
    agent = unique("agent")
    with listening(fleet) as stream:
        _, connected = fleet.ask("POST", "/api/connect", {"tool_name": "test", "agent_name": agent})
        task = make_task(fleet, priority="critical")
        usage = {"model": "gpt-4o", "inputTokens": 1000, "outputTokens": 100}
        body = {"connection_id": connected["connection_id"], "token_usage": usage}
        status, beat = fleet.ask("POST", f"/api/agents/{agent}/heartbeat", body)
        assert (status, beat["token_recorded"]) == (200, True)
        status, claim = fleet.ask("GET", f"/api/tasks/queue?agent={agent}")
        assert claim["task"]["title"] == task
        id = claim["task"]["id"]
        assert fleet.ask("POST", f"/api/tasks/{id}/comments", {"content": f"@{agent} done"})[0] == 201
        status, beat = fleet.ask("POST", f"/api/agents/{agent}/heartbeat", {})
        assert [item["type"] for item in beat["work_items"]][:2] == ["mentions", "assigned_tasks"]
        assert fleet.ask("PUT", f"/api/tasks/{id}", {"status": "review"})[0] == 200
        stream.wait_until(lambda stream: b'"status":"review"' in stream.body)
        assert {"connection.created", "agent.created", "task.created", "task.updated", "comment.created"} <= set(
            stream.types
        )
    _, spent = fleet.ask("GET", "/api/tokens/by-agent")
    assert [row["total_tokens"] for row in spent["agents"] if row["agent"] == agent] == [1100]


def test_another_workspace_can_be_opened_and_is_apart(fleet):
    keys = fleet.django(KEYS)
    title = unique("there")
    assert fleet.ask("POST", "/api/tasks", {"title": title}, key=keys["stranger"])[0] == 201
    assert title not in str(fleet.ask("GET", "/api/tasks")[1])
    assert title in str(fleet.ask("GET", "/api/tasks", key=keys["stranger"])[1])


def test_lists_show_the_last_change_whoever_made_it(fleet):
    for _ in range(12):
        title = make_task(fleet)
        _, listed = fleet.ask("GET", "/api/tasks?limit=1")
        assert listed["tasks"][0]["title"] == title


@pytest.mark.parametrize(
    "path",
    [
        "/api/agents", "/api/connect", "/api/activities", "/api/activities?stats", "/api/notifications?recipient=x",
        "/api/projects", "/api/tokens", "/api/tokens?action=stats", "/api/tokens?action=trends",
        "/api/tokens?action=agent-costs", "/api/tokens?action=export&format=csv", "/api/tasks?status=review&limit=3",
        "/api/auth/me", "/api/docs",
    ],
)  # fmt: skip
def test_every_list_can_be_read(fleet, path):
    status, _, body = fleet.ask_raw("GET", path)
    assert status == 200, body[:500]


def test_every_page_can_be_opened(fleet):
    cookie = fleet.sign_in()
    for path in (
        "/",
        "/fleet/",
        "/costs/",
        "/activity/",
        "/admin/",
        "/admin/accounts/user/",
        "/admin/accounts/apikey/",
    ):
        status, _, body = fleet.ask_raw("GET", path, key=None, headers={"Cookie": cookie})
        assert status in (200, 404), (path, body[:500])
        assert status == 200 or path not in ("/", "/admin/")


def test_every_process_tells_of_every_change(fleet):
    with ExitStack() as stack:
        streams = [stack.enter_context(listening(fleet)) for _ in range(12)]
        titles = [make_task(fleet) for _ in range(6)]
        for stream in streams:
            stream.wait_for_title(titles[-1])
            assert stream.titles() == titles


async def test_many_writers_are_never_refused_and_everybody_hears_everything(fleet, base):
    async with Client(fleet.url, fleet.key) as client:
        streams = [EventStream(client) for _ in range(4)]
        listeners = [asyncio.create_task(stream.run()) for stream in streams]
        for stream in streams:
            await asyncio.wait_for(stream.connected.wait(), 20)
        await asyncio.gather(*(turn(client, number) for number in range(WRITERS)))
        await client.create_task({"title": "last"})
        ((last,),) = base("SELECT max(id) FROM activity_event")
        async with asyncio.timeout(20):
            while any((stream.log.last or 0) < last for stream in streams):
                await asyncio.sleep(0.02)
        for listener in listeners:
            listener.cancel()
        await asyncio.gather(*listeners, return_exceptions=True)
        assert client.meters.count(400, 599) + client.meters.count(0, 0) == 0, client.meters.samples
    assert [(s.log.duplicates, s.log.disordered, s.log.resyncs) for s in streams] == [(0, 0, 0)] * len(streams)
    assert gaps(stream.log for stream in streams) == 0
    ids = [id for (id,) in base("SELECT id FROM activity_event ORDER BY id")]
    first = streams[0].log.ids[0]
    assert list(streams[0].log.ids) == [id for id in ids if id >= first]
    assert client.ledger.reports == WRITERS * TURNS * 2


async def test_what_agents_were_told_is_what_is_stored(fleet):
    async with Client(fleet.url, fleet.key) as client:
        for n in range(10):
            task = (await client.create_task({"title": f"audited {n}"})).get("task", "id")
            await client.comment(task, "here")
            await client.change_task(task, {"status": "in_progress", "assigned_to": "somebody"})
        assert await audit(client, {}) == []


def test_the_sums_agree_with_the_rows(base):
    usage = base("SELECT sum(input_tokens), sum(output_tokens), sum(cost_microusd), count(*) FROM tokens_tokenusage")
    for dimension in ("total", "model", "agent", "project"):
        sums = "SELECT sum(input_tokens), sum(output_tokens), sum(cost_microusd), sum(requests) FROM tokens_rollup"
        assert base(f"{sums} WHERE dimension = '{dimension}'") == usage
    assert base("SELECT sum(n) FROM tasks_tally") == base("SELECT count(*) FROM tasks_task")


async def test_no_task_is_handed_out_twice(fleet):
    given: list[int] = []

    async def work(client, agent):
        while (answer := await client.claim(agent)).get("reason") == "assigned":
            given.append(answer.get("task", "id"))
            await client.change_task(given[-1], {"status": "review"})
        assert answer.ok, answer

    async with Client(fleet.url, fleet.key) as client:
        for n in range(40):
            await client.create_task({"title": f"free {n}"})
        await asyncio.gather(*(work(client, unique("claimer")) for _ in range(16)))
    assert set(Counter(given).values()) == {1}
    assert len(given) >= 40


def test_a_listener_may_come_back_to_another_process(fleet):
    last = None
    for _ in range(15):
        with listening(fleet, **({"last_event_id": str(last)} if last else {})) as stream:
            title = make_task(fleet)
            assert stream.wait_for_title(title).titles() == [title]
            assert "resync" not in stream.types
            last = stream.ids[-1]


def test_the_beat_has_silent_agents_swept(fleet):
    agent = unique("silent")
    fleet.ask("POST", "/api/connect", {"tool_name": "test", "agent_name": agent})
    code = f"""
from datetime import timedelta
from django.utils import timezone
from agents.models import Agent
Agent.objects.filter(name={agent!r}).update(heard_at=timezone.now() - timedelta(hours=1))
"""
    with listening(fleet, "/api/events?types=agent.status_changed") as stream:
        fleet.django(code)
        stream.wait_until(lambda stream: f'"name":"{agent}","status":"offline"'.encode() in stream.body)


def test_nothing_went_wrong_in_the_background(fleet):
    for name in ("web", "worker", "beat"):
        log = (fleet.folder / f"{name}.log").read_text()
        assert "Traceback" not in log, log[-3000:]
