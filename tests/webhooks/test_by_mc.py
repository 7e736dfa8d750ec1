"""`mc webhooks ...` against a running server with its worker."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from tests.server import Server
from tests.webhooks.receiver import Receiver
from webhooks.signing import shared

MC = str(Path(sys.executable).parent / "mc")


@pytest.fixture(scope="module")
def running():
    with Server(worker=True, MC_WEBHOOK_ALLOWED_NETWORKS="127.0.0.0/8") as server:
        server.wait_until_ready()
        yield server


def mc(server, *words, stdin="", code=0):
    own = {"MC_API_URL": server.url, "MC_ADMIN_TOKEN": server.key, "HOME": str(server.folder)}
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MC_")}
    done = subprocess.run(
        [MC, "--json", "webhooks", *words], env={**clean, **own}, input=stdin, capture_output=True, text=True
    )
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_from_creating_a_webhook_to_replaying_what_happened(running):
    with Receiver() as receiver:
        made = mc(running, "create", "--url", receiver.url, "--events", "task.created")
        id, secret = made["webhook"]["id"], made["secret"]
        assert [row["id"] for row in mc(running, "list")["webhooks"]] == [id]
        assert mc(running, "test", id)["delivery"]["status"] == "DELIVERED"
        Webhook(shared(secret)).verify(receiver.got[0].raw, receiver.got[0].headers)
        mc(running, "rotate", id, "--secret-file", "-", stdin="another-secret-of-the-receiver\n")
        mc(running, "test", id)
        Webhook(shared("another-secret-of-the-receiver")).verify(receiver.got[1].raw, receiver.got[1].headers)
        running.ask("POST", "/api/tasks", {"title": "Tell me"})
        until = time.monotonic() + 60
        while len(receiver.got) < 3 and time.monotonic() < until:
            time.sleep(0.1)
        until = time.monotonic() + 60
        while (told := mc(running, "deliveries", id, "--status", "delivered", "--limit", "1"))["total"] != 3:
            assert time.monotonic() < until
        assert told["deliveries"][0]["event"] == "task.created"
        assert mc(running, "retry", id, told["deliveries"][0]["id"])["delivery"]["attempt"] == 2
        assert mc(running, "replay", id, "--since", "2020-01-01T00:00:00Z")["queued"] == 1
        receiver.status = 500
        assert mc(running, "test", id, code=1)["delivery"]["status"] != "DELIVERED"
        assert mc(running, "disable", id)["webhook"]["active"] is False
        assert mc(running, "enable", id)["webhook"]["active"] is True
        mc(running, "delete", id)
    assert mc(running, "list")["webhooks"] == []


def test_an_unknown_one_and_a_secret_that_is_not_there_are_told_by_the_exit_code(running):
    assert mc(running, "test", "7", code=5)["error"]["code"] == "NOT_FOUND"
    mc(running, "rotate", "7", "--secret-file", "/nowhere", code=2)
