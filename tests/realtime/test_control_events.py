"""What the control channel tells of: heartbeats of agents, the state of the server, lines of its log."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

from tests.realtime.control import Channel, connected
from tests.server import unique

SPEAK = """
import logging
from missioncontrol import logs
logs.configure("console", "INFO")
for n in range(200):
    logging.getLogger("some.part").warning("line %s with password=hunter2hunter2 and %s", n, "server-test-key")
import time; time.sleep(3)
"""


@pytest.fixture(scope="module")
def whole():
    """A server with its web process and its worker, which looks for silent agents every second."""
    with Channel("web", "worker", MC_SWEEP_SECONDS="1", MC_CONTROL_LOG="1") as running:
        running.wait_until_ready()
        with connected(running) as client:
            client.event("gateway-status", lambda told: told["state"] == "running")
        yield running


@pytest.fixture
def client(whole):
    with connected(whole) as one:
        one.ask()
        yield one


def new_agent(server, **more):
    name = unique("beater")
    status, answer = server.ask("POST", "/api/agents/register", {"name": name, "role": "coder", **more})
    assert status in (200, 201), answer
    return name


def beat(server, name):
    status, answer = server.ask("POST", f"/api/agents/{name}/heartbeat", {})
    assert status == 200, answer
    return answer


def heard(client, name, wanted=bool):
    return client.event("heartbeat", lambda told: told["to"] == name and wanted(told))


def test_a_beat_is_told_with_what_it_was_handed(whole, client):
    name = new_agent(whole)
    whole.ask("POST", "/api/tasks", {"title": "waits", "assigned_to": name})
    beat(whole, name)
    told = heard(client, name)
    assert told["status"] == "sent" and "1 task" in told["preview"] and len(told["preview"]) <= 120
    assert set(told) == {"ts", "status", "to", "preview", "hasMedia", "durationMs"}
    assert told["hasMedia"] is False and isinstance(told["durationMs"], int)
    assert abs(told["ts"] / 1000 - time.time()) < 60
    assert client.ask("last-heartbeat")["payload"] == told


def test_a_beat_with_nothing_to_do_is_told(whole, client):
    name = new_agent(whole)
    until = time.monotonic() + 20
    # Of these a process tells one a second.
    while not any(frame.get("payload", {}).get("to") == name for frame in client.frames):
        assert time.monotonic() < until
        beat(whole, name)
        client.ask()
        time.sleep(0.3)
    assert heard(client, name)["status"] == "ok-empty"


def test_a_fleet_that_beats_is_told_of_in_part(whole, client):
    name = new_agent(whole)
    before = newest(whole)
    began = time.monotonic()
    for _ in range(300):
        beat(whole, name)
    seconds = time.monotonic() - began
    told = whole.query(f"SELECT count(*) FROM activity_event WHERE kind = 'agent.heartbeat' AND id > {before}")[0][0]
    assert told <= seconds + 2


def test_who_comes_later_hears_of_the_last_one_at_once(whole, client):
    name = new_agent(whole)
    whole.ask("POST", "/api/tasks", {"title": "waits", "assigned_to": name})
    beat(whole, name)
    told = heard(client, name)
    with connected(whole) as later:
        later.ask()
        assert [frame.get("event") for frame in later.frames[:2]] == ["gateway-status", "heartbeat"]
        assert later.frames[1]["payload"] == told


def test_a_wake_up_that_does_not_arrive_is_told(whole, client):
    name = new_agent(whole)
    whole.ask("PUT", "/api/agents", {"name": name, "session_key": "agent:x:main"})
    status, _ = whole.ask("POST", f"/api/agents/{name}/wake", {})
    assert status >= 400
    told = heard(client, name)
    assert (told["status"], told["preview"]) == ("failed", "wake-up") and "gateway" in told["reason"]


def test_an_agent_that_says_its_token_is_told(whole, client):
    name = new_agent(whole)
    body = {"sessionKey": "s", "events": [{"type": "agent_text", "text": "HEARTBEAT_OK"}]}
    json = {"content-type": "application/json"}
    status, answer = whole.ask("POST", f"/api/v1/agents/{name}/stream", body, headers=json)
    assert status == 202, answer
    assert heard(client, name)["status"] == "ok-token"


def test_heartbeats_are_paused_and_go_on(whole, client):
    name = new_agent(whole)
    beat(whole, name)
    assert client.ask("set-heartbeats", {"enabled": False})["payload"] == {"ok": True, "enabled": False}
    assert client.ask("status")["payload"]["heartbeatSeconds"] == 0
    told = heard(client, name, lambda told: told["status"] == "skipped")
    assert told["reason"] == "disabled"
    silent_for(whole, name, timedelta(days=1))
    looked = len(client.frames)
    time.sleep(3)
    client.ask()
    assert not [f for f in client.frames[looked:] if f.get("event") == "heartbeat" and f["payload"]["to"] == name]
    assert status_of(whole, name) != "offline"
    # An agent's own beats are taken all the same.
    assert beat(whole, name)["agent"] == name
    silent_for(whole, name, timedelta(days=1))
    assert client.ask("set-heartbeats", {"enabled": True})["payload"]["enabled"] is True
    assert client.ask("status")["payload"]["heartbeatSeconds"] == 1
    assert heard(client, name, lambda told: told["status"] == "failed")["reason"] == "no heartbeat"
    assert status_of(whole, name) == "offline"
    audited = whole.query(
        "SELECT count(*) FROM activity_event WHERE kind = 'audit.recorded' AND type = 'settings_update'"
        " AND actor = 'control-channel'"
    )
    assert audited[0][0] == 2


def test_what_is_switched_off_stays_so_after_a_restart(whole):
    with connected(whole) as client:
        client.ask("set-heartbeats", {"enabled": False})
    try:
        whole.stop("control")
        whole.start("control")
        whole.wait_until_open()
        with connected(whole) as client:
            assert client.ask("health")["payload"]["heartbeatSeconds"] == 0
        _, answer = whole.ask("GET", "/api/settings")
        shown = {one["key"]: one["value"] for one in answer["settings"]}
        assert shown["general.heartbeats"] == "false"
    finally:
        with connected(whole) as client:
            assert client.ask("set-heartbeats", {"enabled": True})["ok"]


def test_whether_anybody_is_connected_is_told_when_it_changes(whole, client):
    assert client.ask("health")["payload"]["web"]["linked"] is False
    _, answer = whole.ask("POST", "/api/connect", {"tool_name": "cli", "agent_name": unique("linked")})
    told = client.event("gateway-status", lambda told: told.get("reason"))
    assert (told["state"], told["reason"]) == ("running", "agents are connected")
    time.sleep(5.1)
    health = client.ask("health")["payload"]
    assert health["web"]["linked"] is True and health["web"]["authAgeMs"] >= 0
    assert health["sessions"]["count"] == 1
    assert set(health["sessions"]["recent"][0]) == {"key", "updatedAt", "age"}
    whole.ask("DELETE", "/api/connect", {"connection_id": answer["connection_id"]})
    client.event("gateway-status", lambda told: told.get("reason") == "no agent is connected")


def test_a_worker_that_begins_anew_is_told(whole, client):
    whole.kill("worker")
    whole.start("worker")
    told = client.event("gateway-status", lambda told: told["state"] == "restarting")
    assert told["pid"] == whole.processes["worker"].pid and "worker" in told["reason"]
    client.event("gateway-status", lambda told: told["state"] == "running", after=len(client.frames) - 1)


def test_health_tells_of_the_whole_server(whole, client):
    health = client.ask("health")["payload"]
    assert health["ok"] is True and {"ts", "durationMs", "version", "pid"} <= set(health)
    assert health["telegram"] == {"configured": False} and health["discord"] == {"configured": False}
    assert health["sessions"]["path"] == "database"
    assert sum(health["agents"].values()) > 0 and health["approvals"] == {"pending": 0}
    for part in ("db", "cache", "worker"):
        assert health[part]["ok"] is True and health[part]["latencyMs"] >= 0
    assert "connect" not in health["web"]
    status = client.ask("status")["payload"]
    assert set(status) == {"web", "heartbeatSeconds", "sessions"} and status["heartbeatSeconds"] == 1


def test_figures_are_kept_for_five_seconds(whole, client):
    time.sleep(5.1)
    first = client.ask("health")["payload"]
    new_agent(whole)
    assert client.ask("health")["payload"] == first
    time.sleep(5.1)
    assert sum(client.ask("health")["payload"]["agents"].values()) == sum(first["agents"].values()) + 1


def test_lines_of_the_log_are_told_without_secrets_and_a_few_at_a_time(whole, client):
    began = time.monotonic()
    whole.django(SPEAK)
    told = client.event("log", lambda told: told["logger"] == "some.part")
    assert set(told) == {"ts", "level", "logger", "line"} and told["level"] == "warning"
    client.ask()
    lines = [f["payload"]["line"] for f in client.frames if f.get("event") == "log"]
    assert len(lines) <= 20 * (time.monotonic() - began + 1)
    assert "hunter2" not in str(lines) and "server-test-key" not in str(lines)


def newest(server):
    return server.query("SELECT max(id) FROM activity_event")[0][0]


def status_of(server, name):
    return server.query(f"SELECT status FROM agents_agent WHERE name = '{name}'")[0][0]


def silent_for(server, name, span):
    code = """
from agents.models import Agent; from datetime import timedelta; from django.utils import timezone
Agent.objects.filter(name=%r).update(heard_at=timezone.now() - timedelta(seconds=%r))
"""
    server.django(code % (name, span.total_seconds()))
