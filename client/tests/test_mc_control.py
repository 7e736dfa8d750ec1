"""`mc control` against a channel that is played here."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator

import pytest
from process import Mc

ANSWERS = {
    "health": {"ok": True, "web": {"linked": False}, "db": {"ok": True, "latencyMs": 1}},
    "status": {"heartbeatSeconds": 30},
    "last-heartbeat": None,
}
FIRST = {"type": "event", "event": "gateway-status", "payload": {"state": "running", "pid": 7}}


class Channel(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.tell(FIRST)
        for line in self.rfile:
            asked = json.loads(line)
            self.server.asked.append(asked)  # type: ignore[attr-defined]
            self.tell({"type": "event", "event": "heartbeat", "payload": {"ts": 1, "status": "sent", "to": "jordan"}})
            self.tell(self.answer(asked))

    def answer(self, asked: dict) -> dict:
        head = {"type": "response", "id": asked["id"]}
        if asked.get("token") != "a control token":
            return {**head, "ok": False, "error": "unauthorized"}
        payload = {"ok": True} if asked["method"] in ("ping", "set-heartbeats") else ANSWERS[asked["method"]]
        return {**head, "ok": True, "payload": payload}

    def tell(self, frame: dict) -> None:
        self.wfile.write(json.dumps(frame).encode() + b"\n")


@pytest.fixture
def channel() -> Iterator[socketserver.ThreadingTCPServer]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Channel) as server:
        server.daemon_threads = True
        server.asked = []  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def there(channel: socketserver.ThreadingTCPServer) -> dict[str, str]:
    return {"MC_CONTROL_PORT": str(channel.server_address[1]), "MC_CONTROL_TOKEN": "a control token"}


def test_health_is_told_line_by_line_or_as_it_came(mc: Mc, there: dict[str, str]) -> None:
    assert mc("control", "health", **there).out == "ok: true\nweb.linked: false\ndb.ok: true\ndb.latencyMs: 1\n"
    assert json.loads(mc("control", "health", "--json", **there).out) == ANSWERS["health"]
    assert mc("control", "last-heartbeat", **there).out == "none yet\n"


def test_heartbeats_are_switched(mc: Mc, there: dict[str, str], channel: socketserver.ThreadingTCPServer) -> None:
    assert mc("control", "heartbeats", "off", **there).out == "Heartbeats are off\n"
    assert mc("control", "heartbeats", "on", **there).out == "Heartbeats are on\n"
    assert [asked["params"] for asked in channel.asked] == [{"enabled": False}, {"enabled": True}]  # type: ignore[attr-defined]
    assert mc("control", "heartbeats", "maybe", **there).code == 2


def test_what_happens_is_told(mc: Mc, there: dict[str, str]) -> None:
    done = mc("control", "listen", "--count", "2", **there)
    assert done.out.splitlines() == [
        "gateway-status    state=running pid=7",
        "heartbeat         status=sent to=jordan",
    ]
    assert json.loads(mc("control", "listen", "--count", "1", "--json", **there).out) == FIRST


def test_a_channel_that_refuses_or_is_away_is_told(mc: Mc, there: dict[str, str]) -> None:
    done = mc("control", "status", **{**there, "MC_CONTROL_TOKEN": "a guess"})
    assert (done.code, done.out) == (1, "") and "unauthorized (CONTROL_CHANNEL)" in done.err and "guess" not in done.err
    done = mc("control", "status", **{**there, "MC_CONTROL_PORT": "1"})
    assert done.code == 8 and "MC_CONTROL_CHANNEL" in done.err
