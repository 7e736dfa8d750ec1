"""A client that does not read costs a bounded queue and nobody else anything."""

import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import orjson
import psutil
import pytest

from realtime.queues import QUEUE_BYTES, QUEUE_FRAMES, Queue, SocketQueue, Subscription, Wish
from realtime.wire.sse import Frame
from tests.realtime.listening import PATIENCE, Listener, listening
from tests.realtime.test_stream_bytes import make_task
from tests.server import Server

BIG = 50_000
EVENTS = 400


@pytest.fixture(scope="module")
def own() -> Iterator[Server]:
    with Server() as running:
        yield running


@contextmanager
def deaf(server: Server) -> Iterator[socket.socket]:
    """A connected stream whose client reads nothing."""
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(PATIENCE)
        client.connect(("127.0.0.1", server.port))
        client.sendall(f"GET /api/events HTTP/1.1\r\nHost: localhost\r\nx-api-key: {server.key}\r\n\r\n".encode())
        client.recv(1)
        yield client


def flood(server: Server, keen: Listener) -> None:
    """Events of 50 kB, ten in a transaction, no faster than the keen listener takes them."""
    data = orjson.dumps({"id": 1, "title": "x" * BIG}).decode()
    heard = len(keen.body)
    with sqlite3.connect(server.database, timeout=30) as database:
        for n in range(1, EVENTS // 10 + 1):
            database.executemany(
                "INSERT INTO activity_event (kind, at, workspace_id, actor, subject, type, description, data)"
                " VALUES ('task.deleted', '2026-01-01 00:00:00', 1, 'system', 'task:1', '', '', ?)",
                [(data,)] * 10,
            )
            database.commit()
            keen.wait_until(lambda stream, goal=heard + n * 10 * BIG: len(stream.body) >= goal)


def frame(id: int, size: int = 10, *, transient: bool = False) -> Frame:
    return Frame(id, 1, ("task.deleted",), None, None, b"x" * size, transient)


def queue_for(wish: Wish) -> Queue:
    return Queue(wish, wake=lambda: None)


def test_others_hear_everything_while_one_does_not_read(own):
    with deaf(own), listening(own) as stream:
        flood(own, stream)
        assert len(stream.ids) == EVENTS
        assert "resync" not in stream.types


def test_memory_stays_bounded_with_ten_that_do_not_read(own):
    with ExitStack() as stack:
        keen = stack.enter_context(listening(own))
        flood(own, keen)
        process = psutil.Process(own.processes["web"].pid)
        before = process.memory_info().rss
        for _ in range(10):
            stack.enter_context(deaf(own))
        flood(own, keen)
        flood(own, keen)
        assert process.memory_info().rss - before < 60_000_000


def test_who_reads_again_is_told_to_start_over_and_the_stream_ends(own):
    with deaf(own) as client, listening(own) as stream:
        flood(own, stream)
        heard = b""
        while not heard.endswith(b"0\r\n\r\n"):
            piece = client.recv(1 << 20)
            assert piece
            heard = (heard + piece)[-4000:]
        assert b'"type":"resync","data":{"reason":"gap","latest":' in heard


def test_a_stream_that_ended_is_forgotten(own):
    pid = own.processes["web"].pid
    with deaf(own):
        held = len(psutil.Process(pid).net_connections())
    until = time.monotonic() + PATIENCE
    while len(psutil.Process(pid).net_connections()) >= held and time.monotonic() < until:
        make_task(own)
    assert len(psutil.Process(pid).net_connections()) < held


def test_a_queue_holds_so_many_frames_and_bytes_at_most():
    for size in (10, 100_000):
        queue = queue_for(Wish(1))
        queue.take([frame(id, size) for id in range(1, 1000)])
        waiting = queue.drain()
        assert queue.overflowed
        assert len(waiting) <= min(QUEUE_BYTES, QUEUE_FRAMES * size)


def test_what_is_transient_gives_way_first():
    queue = queue_for(Wish(1, include=frozenset({"tick"})))
    queue.take([frame(0, transient=True)] * QUEUE_FRAMES)
    queue.take([frame(1, 7)])
    assert queue.drain() == b"x" * 7
    assert not queue.overflowed


def test_transient_frames_never_overflow_a_queue():
    queue = queue_for(Wish(1, include=frozenset({"tick"})))
    queue.take([frame(0, transient=True)] * QUEUE_FRAMES * 3)
    assert not queue.overflowed


def socket_queue():
    return SocketQueue(Subscription(visible=1), wake=lambda: None)


def socket_frame(id, text, **rest):
    return Frame(id, 1, ("agent_text",), 1, None, text, **rest)


def test_of_logs_and_todos_a_socket_gets_the_newest_and_no_chunks_of_text_when_it_takes_little():
    queue = socket_queue()
    queue.take([socket_frame(1, b"kept ")])
    queue.take([socket_frame(n, b"text ", transient=True) for n in range(2, 500)])
    queue.take([socket_frame(n, b"log-%d " % n, slot=f"agent_log_updated:{n % 2}") for n in range(500, 1010)])
    queue.take([socket_frame(1010, b"last")])
    assert queue.drain().startswith(b"kept ")
    assert not queue.overflowed
    assert queue.dropped > 900


def test_a_socket_that_cannot_be_told_everything_overflows():
    queue = socket_queue()
    queue.take([socket_frame(n, b"x") for n in range(1, 1001)])
    assert not queue.overflowed
    queue.take([socket_frame(1001, b"text", transient=True)])
    assert not queue.overflowed
    queue.take([socket_frame(1002, b"x")])
    assert queue.overflowed


def test_a_socket_holds_two_mebibytes_at_most():
    queue = socket_queue()
    queue.take([socket_frame(n, b"x" * 100_000) for n in range(1, 30)])
    assert queue.overflowed
    assert len(queue.drain()) <= 2 * QUEUE_BYTES
