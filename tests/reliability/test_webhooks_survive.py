"""A worker that is killed while it sends: whoever listens hears of everything all the same."""

from __future__ import annotations

import time

import pytest

from tests.server import Server
from tests.webhooks.receiver import Receiver

TASKS = 12


@pytest.fixture(params=["sqlite", "postgres"])
def server(request):
    environment = {"MC_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8"}
    if request.param == "postgres":
        environment["DATABASE_URL"] = request.getfixturevalue("postgres").create("webhooks")
    with Server(worker=True, **environment) as running:
        until(lambda: running.query("SELECT 1 FROM activity_reader WHERE name LIKE '%feed_webhooks'"))
        yield running


def until(happened, seconds=60):
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_nothing_is_lost_when_the_worker_is_killed(server):
    with Receiver(slow=0.5) as receiver:
        hook = {"name": "ci", "url": receiver.url, "events": ["activity.task_created"]}
        assert server.ask("POST", "/api/webhooks", hook)[0] == 200
        tasks = {server.ask("POST", "/api/tasks", {"title": f"t{n}"})[1]["task"]["id"] for n in range(TASKS)}
        until(lambda: receiver.got)
        server.kill("worker")
        receiver.slow = 0
        # As if the claims of the dead had lapsed.
        server.django(
            "from webhooks.models import Delivery; Delivery.objects.filter(is_done=False).update(claimed_until=None)"
        )
        server.start("worker")
        until(lambda: server.query("SELECT count(*) FROM webhooks_delivery WHERE is_done")[0][0] == 2 * TASKS)
        heard = {got.body["data"]["id"] for got in receiver.got if "title" in got.body["data"]}
    assert heard == tasks
    assert server.ask("GET", "/api/webhooks")[1]["webhooks"][0]["successful_deliveries"] == 2 * TASKS
