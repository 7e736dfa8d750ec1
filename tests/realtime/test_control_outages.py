"""The control channel while what it asks is away, and what others say while the channel is."""

from __future__ import annotations

import json
import socket
import subprocess
import sys

import pytest

from tests.conftest import needing
from tests.databases import Postgres
from tests.foundation.starting import refused, up
from tests.realtime.control import Channel, connected
from tests.server import ROOT, free_port

CHANNEL = {"MC_CONTROL_CHANNEL": "1"}
KEEP_OUT = "ALTER DATABASE outage WITH ALLOW_CONNECTIONS false"
LET_IN = "ALTER DATABASE outage WITH ALLOW_CONNECTIONS true"
CUT_OFF = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'outage'"


@pytest.fixture(scope="module")
def own_postgres():
    with needing("postgres"), Postgres() as running:
        yield running


def test_a_cache_that_is_away_spoils_nothing_else():
    with Channel(REDIS_URL=f"redis://127.0.0.1:{free_port()}/0") as channel, connected(channel) as client:
        health = client.ask("health")["payload"]
        assert health["ok"] is True and health["cache"]["ok"] is False
        assert health["db"]["ok"] is True and health["worker"]["ok"] is False


def test_a_database_that_is_away_is_told_and_so_is_its_return(own_postgres):
    with Channel(DATABASE_URL=own_postgres.create("outage")) as channel, connected(channel) as client:
        client.event("gateway-status", lambda told: told["state"] == "starting")
        with own_postgres.connect("postgres") as database:
            database.execute(KEEP_OUT)
            database.execute(CUT_OFF)
        away = client.event("gateway-status", lambda told: told["state"] == "failed")
        assert away["reason"] == "the database does not answer"
        health = client.ask("health")["payload"]
        assert health["ok"] is True and health["db"]["ok"] is False
        assert health["agents"] == {} and health["sessions"]["count"] == 0 and health["web"]["linked"] is False
        assert client.ask("ping")["ok"]
        assert client.ask("set-heartbeats", {"enabled": False})["error"] == "internal error"
        with own_postgres.connect("postgres") as database:
            database.execute(LET_IN)
        client.event("gateway-status", lambda told: told.get("reason") == "the worker was not seen for 60 s")
        assert client.ask("set-heartbeats", {"enabled": False})["ok"]


def test_a_gateway_is_asked_when_one_is_named():
    with socket.create_server(("127.0.0.1", 0)) as gateway:
        port = str(gateway.getsockname()[1])
        with Channel(OPENCLAW_GATEWAY_PORT=port) as channel, connected(channel) as client:
            connect = client.ask("health")["payload"]["web"]["connect"]
            assert (connect["ok"], connect["error"], connect["status"]) == (True, None, None)
            assert connect["elapsedMs"] >= 0 and "connect" not in client.ask("status")["payload"]["web"]
    with Channel(OPENCLAW_GATEWAY_PORT=port) as channel, connected(channel) as client:
        connect = client.ask("health")["payload"]["web"]["connect"]
        assert connect["ok"] is False and connect["error"] == "connection refused"


def test_a_channel_that_is_wanted_and_away_is_told(server):
    wanted = {**server.environment, **CHANNEL}
    command = [sys.executable, "manage.py", "doctor", "--json"]
    done = subprocess.run(command, cwd=ROOT, env=wanted, capture_output=True, text=True)
    found = {line["name"]: line for line in json.loads(done.stdout)["findings"]}
    assert found["Control channel"]["verdict"] == "warning" and "make run" in found["Control channel"]["fix"]
    assert "MC_CONTROL_TOKEN" in found["Control token"]["fix"]


def test_whether_it_is_there_is_told_to_who_asks_whether_all_is_ready():
    with Channel("web") as whole:
        assert whole.ask("GET", "/readyz", key=None)[1]["checks"]["control"] == "ok"
        whole.stop("control")
        _, answer = whole.ask("GET", "/readyz", key=None)
        assert answer["checks"]["control"].startswith("enabled, but not running")
        # The port that gateways usually have: the channel is none.
        _, status = whole.ask("GET", "/api/status?action=gateway")
        assert status["port_listening"] is False


def test_the_server_brings_it_along_when_it_is_wanted(tmp_path):
    port = free_port()
    with up(tmp_path / "data", **CHANNEL, MC_CONTROL_PORT=str(port), WEB_CONCURRENCY="1") as running:
        running.wait_until_it_answers("/readyz")
        with connected(port) as client:
            client.event("gateway-status", lambda told: told["state"] == "running")
            running.interrupt()
            assert client.read_to_the_end()[-1]["payload"]["state"] == "stopped"
        assert running.session == []


def test_a_start_that_cannot_have_it_is_refused(tmp_path):
    told = refused(tmp_path / "data", **CHANNEL, MC_CONTROL_HOST="0.0.0.0").stderr
    assert "loopback only" in told and told.count("\n") == 1
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        told = refused(tmp_path / "data", **CHANNEL, MC_CONTROL_PORT=port).stderr
    assert f"Port {port} on 127.0.0.1 cannot be used" in told and "MC_CONTROL_PORT" in told
