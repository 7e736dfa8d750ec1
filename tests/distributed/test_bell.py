"""A ring in one process wakes those who wait in another. Polling is put off, so that only the bell can."""

import subprocess
import sys
import time

import pytest

from tests.server import ROOT, Server

WAIT = """
import django; django.setup()
from activity import bell
with bell.Listener() as wait:
    # That a subscription begins counts as a ring.
    bell.POLL_EVERY = 2
    wait()
    bell.POLL_EVERY = 120
    print("waiting", flush=True)
    wait()
"""
RING = """
import time, django; django.setup()
from activity import bell
while True:
    bell.ring()
    time.sleep(0.1)
"""


def wakes(server: Server) -> bool:
    """Whether somebody who waits is woken by somebody who rings."""
    start = {"cwd": ROOT, "env": server.environment}
    waiting = subprocess.Popen([sys.executable, "-c", WAIT], stdout=subprocess.PIPE, **start)
    assert waiting.stdout and waiting.stdout.readline() == b"waiting\n"
    time.sleep(1)
    assert waiting.poll() is None, "woke without a ring"
    ringing = subprocess.Popen([sys.executable, "-c", RING], **start)
    try:
        return waiting.wait(30) == 0
    except subprocess.TimeoutExpired:
        return False
    finally:
        for process in (waiting, ringing):
            process.kill()
            process.wait()
        waiting.stdout.close()


@pytest.fixture
def prepared(postgres):
    def make(name, **environment):
        made.append(Server(DATABASE_URL=postgres.create(name), **environment))
        return made[-1]

    made: list[Server] = []
    yield make
    for server in made:
        server.__exit__(None, None, None)


def test_by_notify(prepared):
    assert wakes(prepared("bell-notify"))


def test_by_redis(prepared, redis_server):
    assert wakes(prepared("bell-redis", REDIS_URL=redis_server.url(2)))
