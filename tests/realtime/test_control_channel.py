"""The TCP control channel over real sockets: who gets in, what it answers, and when it hangs up."""

from __future__ import annotations

import socket
import subprocess
import sys
import time

import orjson
import pytest

from realtime.control.address import NotLoopback, loopback
from tests.realtime.control import Channel, connected
from tests.server import ROOT

PING = {"type": "request", "id": "p", "method": "ping"}
CAP = 65_536


@pytest.fixture(scope="module")
def channel():
    with Channel() as running:
        yield running


@pytest.fixture
def client(channel):
    with connected(channel) as one:
        yield one


def test_the_state_of_the_server_comes_first_and_a_ping_is_answered(client):
    answer = client.ask()
    first = client.frames[0]
    assert (first["type"], first["event"]) == ("event", "gateway-status")
    assert first["payload"]["state"] in ("starting", "running") and first["payload"]["pid"] > 0
    assert answer["ok"] is True and answer["payload"]["pong"] is True
    assert isinstance(answer["payload"]["ts"], int) and abs(answer["payload"]["ts"] / 1000 - time.time()) < 60
    assert set(answer) == {"type", "id", "ok", "payload"}


def test_bad_input_is_told_and_the_connection_stays(client):
    client.send(b"garbage", {"type": "request", "method": "ping"}, {"type": "event", "id": "e"}, b"[]")
    client.send({"type": "request", "id": "", "method": "ping"}, {"type": "request", "id": 7, "method": "ping"})
    client.send({"type": "request", "id": "x" * 129, "method": "ping"})
    client.send({"type": "request", "id": "u", "method": "launch"}, {"type": "request", "id": "n"})
    client.send({"type": "request", "id": "l", "method": "health", "params": [1]})
    assert client.ask()["ok"]
    errors = client.errors
    assert [id for id, error in errors if error.startswith("parse error: ")] == ["", ""]
    assert errors[3] == ("", "parse error: not an object")
    assert [id for id, error in errors if error == "unsupported frame"] == ["", "e", "", "", ""]
    assert ("u", "unknown method: launch") in errors and ("n", "unknown method: null") in errors
    assert ("l", "invalid params: params must be an object") in errors
    assert all(set(f) == {"type", "id", "ok", "error"} for f in client.frames if f.get("ok") is False)


@pytest.mark.parametrize("params", [{"enabled": "yes"}, {"enabled": 1}, {"enabled": None}, {}])
def test_heartbeats_are_switched_by_booleans_alone(channel, client, params):
    before = client.ask("status")["payload"]["heartbeatSeconds"]
    assert client.ask("set-heartbeats", params)["error"] == "invalid params: enabled must be a boolean"
    assert client.ask("status")["payload"]["heartbeatSeconds"] == before > 0


def test_three_lines_that_cannot_be_read_end_the_connection(client):
    client.send(b"one", PING, b"\xff\xfe", b"{]", {**PING, "id": "never"})
    client.read_to_the_end()
    assert [error.partition(":")[0] for _, error in client.errors] == ["parse error"] * 3
    assert "never" not in [frame.get("id") for frame in client.frames]


def test_halves_blank_lines_and_other_line_ends_are_understood(client):
    for byte in orjson.dumps(PING):
        client.socket.sendall(bytes([byte]))
    client.send(b"\r\n\n  \n\r\n", end=b"")
    client.answer("p")
    client.send({**PING, "id": "crlf"}, end=b"\r\n")
    client.answer("crlf")
    client.send(orjson.dumps({**PING, "id": "späße"}))
    client.answer("späße")
    assert client.errors == []


def test_requests_may_come_at_once_and_answers_name_theirs(client):
    client.send(*({**PING, "id": f"{n}"} for n in range(9)), {"type": "request", "id": "h", "method": "health"}, PING)
    client.answer("p")
    client.answer("h")
    assert sorted(f["id"] for f in client.frames if f["type"] == "response") == sorted([*"012345678", "h", "p"])


def test_a_request_that_never_ends_is_never_answered(client):
    client.socket.sendall(orjson.dumps(PING))
    client.socket.shutdown(socket.SHUT_WR)
    assert [frame["type"] for frame in client.read_to_the_end()] == ["event"]


def test_who_has_said_everything_still_hears_the_answers(client):
    client.send({"type": "request", "id": "h", "method": "health"})
    client.socket.shutdown(socket.SHUT_WR)
    assert client.read_to_the_end()[-1]["payload"]["ok"] is True


def test_a_line_may_be_so_long_and_no_longer(client):
    filler = CAP - len(orjson.dumps({**PING, "filler": ""}))
    client.send({**PING, "filler": "x" * filler}, end=b"\r\n")
    assert client.answer("p")["ok"]
    client.send({**PING, "id": "long", "filler": "x" * filler})
    assert client.read_to_the_end()[-1] == {"type": "response", "id": "", "ok": False, "error": "line too long"}
    assert client.errors == [("", "line too long")]


def test_a_line_without_an_end_is_cut_off(client):
    client.socket.sendall(b"x" * 70 * 1024)
    assert client.read_to_the_end()[-1]["error"] == "line too long"


@pytest.mark.parametrize(
    "greeting",
    [
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/plain\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"OPTIONS /x HTTP/1.1\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\r\n\r\nDELETE /",
        b"EVIL / HTTP/1.1\r\n",
    ],
)
def test_who_speaks_http_is_shut_out_with_what_follows(channel, client, greeting):
    off = {"type": "request", "id": "off", "method": "set-heartbeats", "params": {"enabled": False}}
    client.socket.sendall(greeting + orjson.dumps(off) + b"\n")
    assert all(frame["type"] == "event" for frame in client.read_to_the_end())
    with connected(channel) as other:
        assert other.ask("status")["payload"]["heartbeatSeconds"] > 0


def test_more_than_twenty_requests_a_second_are_too_many(client):
    client.send(*({**PING, "id": f"{n}"} for n in range(100)))
    told = [client.answer(f"{n}").get("error") for n in range(100)]
    assert told.count(None) >= 20 and set(told) == {None, "rate limited"}
    time.sleep(0.3)
    assert client.ask()["ok"]


def test_the_ninth_is_sent_away(channel):
    clients = [connected(channel) for _ in range(8)]
    entered = [client.__enter__() for client in clients]
    try:
        for client in entered:
            client.ask()
        with connected(channel) as ninth:
            only = ninth.read_to_the_end()
        assert only == [{"type": "response", "id": "", "ok": False, "error": "too many connections"}]
        clients.pop().__exit__(None, None, None)
        until = time.monotonic() + 20
        while True:
            with connected(channel) as again:
                again.read()
                if "state" in again.frames[0].get("payload", {}):
                    break
            assert time.monotonic() < until
    finally:
        for client in clients:
            client.__exit__(None, None, None)


def test_who_does_not_read_is_cut_off_and_harms_nobody(channel):
    with connected(channel) as deaf, connected(channel) as other:
        deaf.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.socket.settimeout(0.2)
        line = orjson.dumps({**PING, "method": "m" * 60_000}) + b"\n"
        sent = 0
        try:
            while sent < 64 * 1024 * 1024:
                sent += deaf.socket.send(line)
        except OSError:
            pass
        assert sent < 64 * 1024 * 1024
        assert other.ask()["ok"]


def test_goodbye_is_said_when_the_server_ends():
    with Channel() as running:
        with connected(running) as client:
            client.ask()
            running.processes["control"].terminate()
            last = client.read_to_the_end()[-1]
            assert (last["event"], last["payload"]) == ("gateway-status", {"state": "stopped"})
            assert running.processes["control"].wait(10) == 0
        with pytest.raises(ConnectionRefusedError):
            connected(running).__enter__()
        assert "rror" not in (running.folder / "control.log").read_text()


def test_nothing_listens_unless_it_is_wanted(channel):
    command = [sys.executable, "manage.py", "controlchannel"]
    done = subprocess.run(
        command, cwd=ROOT, env={**channel.environment, "MC_CONTROL_CHANNEL": ""}, capture_output=True, text=True
    )
    assert done.returncode == 1 and "MC_CONTROL_CHANNEL=1" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "example.org", "::ffff:10.0.0.1", "127.0.0.1.example"])
def test_an_address_that_others_could_reach_is_refused(host):
    with pytest.raises(NotLoopback, match="loopback only"):
        loopback(host)


def test_it_does_not_start_on_such_an_address(channel):
    command = [sys.executable, "manage.py", "controlchannel"]
    wanted = {**channel.environment, "MC_CONTROL_HOST": "0.0.0.0"}
    done = subprocess.run(command, cwd=ROOT, env=wanted, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "MC_CONTROL_HOST is 0.0.0.0" in done.stderr and "Traceback" not in done.stderr


def test_a_port_in_use_is_named(channel):
    command = [sys.executable, "manage.py", "controlchannel"]
    done = subprocess.run(command, cwd=ROOT, env=channel.environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "set MC_CONTROL_PORT to another" in done.stderr and "Traceback" not in done.stderr


@pytest.fixture(scope="module")
def guarded():
    with Channel(MC_CONTROL_TOKEN="a token of some length") as running:
        yield running


def test_nothing_is_told_before_the_token_was_shown(guarded):
    with connected(guarded) as client:
        assert client.ask()["error"] == "unauthorized"
        assert client.ask(token="A TOKEN OF SOME LENGTH")["error"] == "unauthorized"
        assert [frame["type"] for frame in client.frames] == ["response", "response"]
        assert client.ask(token="a token of some length")["ok"]
        assert [frame.get("event") for frame in client.frames] == [None, None, "gateway-status", None]
        assert client.ask("health", token="a token of some length")["ok"]


@pytest.mark.parametrize("guess", [None, 7, True, [], {}, "", "x" * 60_000])
def test_the_third_wrong_token_ends_the_connection(guarded, guess):
    with connected(guarded) as client:
        more = {} if guess is None else {"token": guess}
        client.send(*({**PING, "id": f"{n}", **more} for n in range(5)))
        client.read_to_the_end()
        assert client.errors == [(f"{n}", "unauthorized") for n in range(3)]
        assert len(client.frames) == 3


def test_the_token_is_never_written_into_the_log(guarded):
    with connected(guarded) as client:
        client.send(*({**PING, "token": "a guess that is wrong"} for _ in range(3)), b"a token of some length")
        client.read_to_the_end()
    told = (guarded.folder / "control.log").read_text()
    assert "control_channel_refused" in told
    assert "a token of" not in told and "a guess" not in told
