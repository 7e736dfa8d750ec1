"""Workers and web processes that are killed, before an endpoint that fails, hangs, resets and answers 500 at random:
every webhook hears of everything that happened all the same, and of nothing that did not."""

from __future__ import annotations

import os
import random
import threading
import time
from contextlib import contextmanager, suppress

import pytest

from tests.server import Server
from tests.webhooks.chaos import MOODS, Chaos

ROUNDS = int(os.environ.get("MC_CRASH_ROUNDS", "4"))
SECRET = "a secret of the receiver"
NEVER = """
from django.db import transaction
from django.utils import timezone
from core.actors import system
from tasks.services import create_task
try:
    with transaction.atomic():
        made = create_task(actor=system(1), now=timezone.now(), title="never was")
        answer = made.pk
        raise ValueError
except ValueError:
    pass
"""
FORGET_CLAIMS = (
    "from webhooks.models import Delivery; Delivery.objects.filter(is_done=False).update(claimed_until=None)"
)
MAKE_DUE = """
from django.utils import timezone
from webhooks.models import Delivery, Webhook
Delivery.objects.filter(is_done=False, is_retry=True).update(due_at=timezone.now())
Webhook.objects.update(paused_until=None)
"""


@pytest.fixture(params=["sqlite", "postgres"])
def server(request):
    environment = {"MC_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8"}
    if request.param == "postgres":
        environment["DATABASE_URL"] = request.getfixturevalue("postgres").create("webhooks")
    with Server(worker=True, **environment) as running:
        until(lambda: len(running.query("SELECT 1 FROM activity_reader WHERE name LIKE '%feed_webhooks'")) == 2)
        yield running


def until(happened, seconds=180, pause=0.05):
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end
        time.sleep(pause)


def subscribe(server, chaos):
    """One webhook of each dialect."""
    hook = {"name": "ci", "url": chaos.url("/legacy"), "events": ["activity.task_created"]}
    chaos.secrets["/legacy"] = server.ask("POST", "/api/webhooks", hook)[1]["secret"]
    chaos.secrets["/v1"] = SECRET
    hook = {"url": chaos.url("/v1"), "events": ["task.created"], "secret": SECRET}
    answer = server.ask("POST", "/api/v1/webhooks", hook, headers={"Content-Type": "application/json"})
    assert answer[0] == 201, answer


@contextmanager
def load(server):
    """Tasks, one after the other, whether they are answered or not."""
    over, created = threading.Event(), []

    def work():
        while not over.wait(0.25):
            with suppress(OSError):
                status, body = server.ask("POST", "/api/tasks", {"title": f"task {time.monotonic_ns()}"})
                if status == 201:
                    created.append(body["task"]["id"])

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield created
    finally:
        over.set()
        for thread in threads:
            thread.join()


def crash(server, dice):
    time.sleep(dice.uniform(0.5, 1.5))
    victim = dice.choice(["worker", "worker", "web"])
    server.kill(victim)
    if victim == "worker":
        # As if the claims of the dead had lapsed.
        server.django(FORGET_CLAIMS)
    server.start(victim)


@pytest.mark.timeout(480)
def test_everything_is_heard_and_nothing_else(server):
    dice = random.Random(2026)
    with Chaos(7) as chaos:
        subscribe(server, chaos)
        with load(server) as created:
            for _ in range(ROUNDS):
                assert server.django(NEVER)
                crash(server, dice)
            until(lambda: len(created) > 20 and all(heard.requests > 20 for heard in chaos.heard.values()))
        last = server.query("SELECT max(id) FROM activity_event")[0][0]
        until(lambda: position(server) >= last)
        chaos.calm()
        until(lambda: server.django(MAKE_DUE) or not waiting(server), pause=1)
    assert len(created) > 20
    check(server, chaos, "/v1", "kind = 'task.created'")
    check(server, chaos, "/legacy", "kind = 'task.created' OR type = 'task_created'")
    assert {mood for heard in chaos.heard.values() for mood in heard.moods} >= set(MOODS) - {"hang"}
    told = {task for (task,) in server.query("SELECT task_id FROM activity_event WHERE kind = 'task.created'")}
    assert told >= set(created)


def position(server):
    return server.query("SELECT min(position) FROM activity_reader WHERE name LIKE '%feed_webhooks'")[0][0]


def waiting(server):
    return server.query("SELECT count(*) FROM webhooks_delivery WHERE NOT is_done")[0][0]


def check(server, chaos, path, happened):
    """Each event got through, was signed whenever it came, and first came in the order of the log."""
    heard = chaos.heard[path]
    ids = [f"delivery_{id}" for (id,) in server.query(f"SELECT id FROM activity_event WHERE {happened} ORDER BY id")]
    assert set(ids) == heard.accepted
    assert heard.ids == ids
    assert heard.forged == []
    rows = server.query(
        "SELECT w.dialect, d.event_id, count(*) FROM webhooks_delivery d JOIN webhooks_webhook w ON w.id = d.webhook_id"
        " WHERE d.attempt = 0 GROUP BY 1, 2 HAVING count(*) > 1"
    )
    assert rows == []
