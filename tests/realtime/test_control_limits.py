"""What the control channel does to clients that are idle, slow, or greedy: its server in this process, real sockets."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager

import orjson
import pytest

from realtime.control.connection import Limits
from realtime.control.framing import InvalidParams
from realtime.control.server import ControlServer
from realtime.wire import control as wire

PING = orjson.dumps({"type": "request", "id": "p", "method": "ping"}) + b"\n"
SECONDS = 20
KIB = b"x" * 1000


@asynccontextmanager
async def serving(answer=None, token="", **limits):
    async def pong(method, params):
        return {"pong": True}

    server = ControlServer(
        answer=answer or pong, greeting=lambda: [wire.gateway_status("running")], token=token, limits=Limits(**limits)
    )
    await server.start("localhost", 0)
    try:
        yield server
    finally:
        await server.stop()


@asynccontextmanager
async def client(server):
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1 << 22)
    try:
        async with asyncio.timeout(SECONDS):
            yield reader, writer
    finally:
        writer.close()


async def frames_of(reader):
    return [orjson.loads(line) for line in (await reader.read()).splitlines()]


async def next_of(reader, id):
    while True:
        frame = orjson.loads(await reader.readline())
        if frame.get("id") == id:
            return frame


async def test_who_says_and_hears_nothing_is_sent_away():
    async with serving(idle_seconds=0.3) as server, client(server) as (reader, _):
        assert [frame["event"] for frame in await frames_of(reader)] == ["gateway-status"]


async def test_bytes_in_either_direction_keep_a_connection():
    async with serving(idle_seconds=0.6) as server, client(server) as (heard, _), client(server) as (reader, writer):
        for n in range(8):
            await asyncio.sleep(0.15)
            writer.write(PING if n % 2 else b"\n")
            server.tell(wire.happened("heartbeat", {"n": n}))
        assert len((await heard.readuntil(b'"n":7}}\n')).splitlines()) == 9
        assert (await next_of(reader, "p"))["ok"]


async def test_lines_of_the_log_give_way_and_then_the_client_goes():
    async with serving(backlog=300_000, logs_per_second=1 << 20) as server:
        deaf, other = socket.socket(), socket.socket()
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        for one in (deaf, other):
            one.connect(("127.0.0.1", server.port))
        while len(server.connections) < 2:
            await asyncio.sleep(0.01)
        _, stays = sorted(server.connections, key=lambda one: one.peer == deaf.getsockname(), reverse=True)
        event, line = wire.happened("heartbeat", {"to": KIB.decode()}), wire.happened("log", {"line": KIB.decode()})
        # What the system takes off our hands is no backlog.
        full = await until_nobody_takes(server, event, deaf)
        for _ in range(2000):
            server.tell(line, is_log=True)
            other.recv(1 << 16)
        assert full in server.connections and full.dropped_lines > 0
        for _ in range(2000):
            server.tell(event)
            other.recv(1 << 16)
            await asyncio.sleep(0)
        assert server.connections == {stays}
        for one in (deaf, other):
            one.close()


async def until_nobody_takes(server, event, deaf):
    """Tell events until they wait for the client that does not read."""
    [connection] = [one for one in server.connections if one.peer == deaf.getsockname()]
    while not connection.is_waiting:
        connection.tell(event)
        await asyncio.sleep(0)
    return connection


async def test_a_handler_that_breaks_is_told_without_its_reasons():
    async def broken(method, params):
        raise RuntimeError("the password is hunter2")

    async with serving(broken) as server, client(server) as (reader, writer):
        writer.write(PING)
        assert await next_of(reader, "p") == {"type": "response", "id": "p", "ok": False, "error": "internal error"}


async def test_a_slow_answer_holds_up_no_other():
    gate = asyncio.Event()

    async def answer(method, params):
        if method == "slow":
            await gate.wait()
        if method == "wrong":
            raise InvalidParams("x must be y")
        return None

    async with serving(answer) as server, client(server) as (reader, writer):
        writer.write(
            b'{"type":"request","id":"s","method":"slow"}\n{"type":"request","id":"w","method":"wrong"}\n' + PING
        )
        assert (await next_of(reader, "w"))["error"] == "invalid params: x must be y"
        assert (await next_of(reader, "p"))["payload"] is None
        gate.set()
        assert (await next_of(reader, "s"))["ok"]


async def test_an_answer_to_somebody_who_has_left_harms_nobody():
    gate = asyncio.Event()

    async def answer(method, params):
        await gate.wait()
        return {}

    async with serving(answer) as server:
        async with client(server) as (_, writer):
            writer.write(PING)
            await asyncio.sleep(0.1)
        gate.set()
        async with client(server) as (reader, writer):
            writer.write(PING)
            assert (await next_of(reader, "p"))["ok"]


async def test_who_lingers_after_a_refusal_is_cut_off():
    async with serving(lingering_seconds=0.2) as server, client(server) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        await reader.read()
        with pytest.raises(OSError):
            while True:
                writer.write(KIB)
                await writer.drain()
                await asyncio.sleep(0.02)


@pytest.mark.parametrize("size", [1, 7, 100_000])
async def test_pieces_of_any_size_make_the_same_lines(size):
    sent = PING * 5 + b"\r\n" + PING.replace(b"\n", b"\r\n") * 5
    async with serving() as server, client(server) as (reader, writer):
        for start in range(0, len(sent), size):
            writer.write(sent[start : start + size])
            await writer.drain()
        writer.write_eof()
        frames = await frames_of(reader)
        assert [frame.get("ok") for frame in frames] == [None, *[True] * 10]
