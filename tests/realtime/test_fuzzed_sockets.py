"""Whatever is thrown at the WebSocket and the control channel: they answer afterwards, grow no larger, log no error."""

from __future__ import annotations

import hashlib
import random
import time

import orjson
import psutil
import pytest

from tests.realtime.control import Channel, connected, port_of
from tests.realtime.fuzzing import against_control, against_socket, seconds
from tests.realtime.talking import settled, talking

PIN, CONTROL_TOKEN = "a pin that is a secret", "a control token that is a secret"
TOKEN = hashlib.sha256(PIN.encode()).hexdigest()
MIB = 1024 * 1024
MAY_GROW = 25 * MIB
REQUESTS = [
    {"type": "request", "id": "1", "method": "ping", "token": CONTROL_TOKEN},
    {"type": "request", "id": "2", "method": "health", "token": CONTROL_TOKEN, "params": {}},
    {"type": "request", "id": "3", "method": "set-heartbeats", "token": CONTROL_TOKEN, "params": {"enabled": True}},
    {"type": "request", "id": "4", "method": "last-heartbeat", "token": "a guess"},
]
MESSAGES = [
    {"type": "subscribe", "workspaceId": "default", "since": 0, "include": ["domain"]},
    {"type": "unsubscribe", "workspaceId": "ws_1"},
    {"type": "permission_response", "requestId": "perm_1", "approved": True, "updatedInput": {"command": "ls"}},
]


@pytest.fixture(scope="module")
def target():
    with Channel(
        "web",
        MC_CONTROL_TOKEN=CONTROL_TOKEN,
        MC_WS_PIN=PIN,
        MC_LOG_LEVEL="INFO",
        MC_LOG_FORMAT="json",
        MC_CONTROL_LOG="1",
    ) as running:
        yield running


def memory_of(server, name):
    process = psutil.Process(server.processes[name].pid)
    return sum(one.memory_info().rss for one in [process, *process.children(recursive=True)])


def rounds(throw, first):
    """Each round has its own seed; a failure names it."""
    until = time.monotonic() + seconds()
    seed = first
    while time.monotonic() < until:
        try:
            throw(random.Random(seed))
        except Exception as error:
            raise AssertionError(f"round {seed} broke: {error!r}") from error
        seed += 1
    return seed


def complaints(server, name):
    """Lines of the log that tell of an error, or are not of our making."""
    found = []
    for line in server.log_of(name).splitlines():
        try:
            told = orjson.loads(line)
        except orjson.JSONDecodeError:
            # Of what is no HTTP at all the server says so much and no more.
            found += [] if line == "WARNING:  Invalid HTTP request received." else [line]
        else:
            found += [told] if told["level"] in ("error", "critical") or told["logger"] == "asyncio" else []
    return found


def stands(server):
    with connected(server) as client:
        assert client.ask("ping", token=CONTROL_TOKEN)["ok"]
        assert client.ask("health", token=CONTROL_TOKEN)["payload"]["ok"] is True
    with talking(server, token=TOKEN, key=None) as client:
        settled(client)


@pytest.mark.parametrize("name", ["control", "web"])
def test_it_stands_whatever_is_thrown_at_it(target, name):
    throw = against_control(port_of(target), REQUESTS) if name == "control" else against_socket(target, MESSAGES, TOKEN)
    for seed in range(60):
        throw(random.Random(seed))
    stands(target)
    before = memory_of(target, name)
    rounds(throw, 1_000)
    stands(target)
    assert memory_of(target, name) - before < MAY_GROW
    assert complaints(target, name) == []


def test_no_secret_is_written_into_a_log(target):
    for name in ("web", "control"):
        told = target.log_of(name)
        assert CONTROL_TOKEN not in told and TOKEN not in told and PIN not in told
    lines = str(target.query("SELECT data FROM activity_event WHERE kind = 'system.log'"))
    assert CONTROL_TOKEN not in lines and TOKEN not in lines
