"""Two web processes on one SQLite file, without Redis: who is connected where makes no difference."""

import asyncio
import random
import sqlite3
from contextlib import ExitStack

import psutil

from simulation.client import Client
from simulation.streams import EventStream, gaps
from tests.realtime.listening import listening
from tests.realtime.test_stream_bytes import make_task
from tests.server import unique

MANY = 40


def holders(server):
    """How many connections each web process holds."""
    return [
        len([c for c in process.net_connections() if c.status == psutil.CONN_ESTABLISHED])
        for process in server.processes_of("web")
    ]


def test_every_process_tells_of_every_change(pair):
    with ExitStack() as stack:
        streams = []
        while len(streams) < MANY and (len(streams) < 2 or 0 in holders(pair)):
            streams.append(stack.enter_context(listening(pair)))
        assert 0 not in holders(pair)
        titles = [make_task(pair) for _ in range(4)]
        for stream in streams:
            stream.wait_for_title(titles[-1])
            assert stream.titles() == titles


def test_a_listener_may_come_back_to_another_process(pair):
    last = None
    for _ in range(25):
        rest = {"last_event_id": str(last)} if last else {}
        with listening(pair, **rest) as stream:
            title = make_task(pair)
            stream.wait_for_title(title)
            assert stream.titles() == [title]
            assert "resync" not in stream.types
            last = stream.ids[-1]


async def test_nothing_is_missed_or_told_twice_while_listeners_come_and_go(pair):
    dice = random.Random(7)
    over = asyncio.Event()

    async def write(client: Client) -> None:
        while not over.is_set():
            await client.create_task({"title": unique("churn")})

    async def tear(streams: list[EventStream]) -> None:
        for _ in range(40):
            dice.choice(streams).hang_up()
            await asyncio.sleep(dice.uniform(0.01, 0.1))
        over.set()

    async with Client(pair.url, pair.key) as client:
        streams = [EventStream(client) for _ in range(6)]
        listeners = [asyncio.create_task(stream.run()) for stream in streams]
        for stream in streams:
            await asyncio.wait_for(stream.connected.wait(), 10)
        # All know where they are before the first one is cut off.
        await client.create_task({"title": "first"})
        while any(stream.log.last is None for stream in streams):
            await asyncio.sleep(0.01)
        await asyncio.gather(*(write(client) for _ in range(4)), tear(streams))
        await client.create_task({"title": "last"})
        last = newest(pair)
        async with asyncio.timeout(20):
            while any((stream.log.last or 0) < last for stream in streams):
                await asyncio.sleep(0.02)
        for listener in listeners:
            listener.cancel()
        await asyncio.gather(*listeners, return_exceptions=True)
    assert client.meters.count(400, 599) == 0
    assert gaps(stream.log for stream in streams) == 0
    assert [(s.log.duplicates, s.log.disordered, s.log.resyncs) for s in streams] == [(0, 0, 0)] * len(streams)
    assert sum(stream.connects for stream in streams) > 20


def newest(server):
    with sqlite3.connect(server.database) as database:
        return database.execute("SELECT max(id) FROM activity_event").fetchone()[0]


def test_a_change_that_is_rolled_back_is_never_told(pair):
    code = """
from django.db import transaction
from django.utils import timezone
from core.actors import system
from tasks.services import create_task
with transaction.atomic():
    create_task(actor=system(1), now=timezone.now(), title="never")
    transaction.set_rollback(True)
"""
    with listening(pair) as stream:
        pair.django(code)
        title = make_task(pair)
        assert stream.wait_for_title(title).titles() == [title]
        assert b"never" not in stream.body


def test_a_change_by_another_program_is_told(pair):
    code = """
from django.utils import timezone
from core.actors import system
from tasks.services import create_task
create_task(actor=system(1), now=timezone.now(), title="from outside")
"""
    with listening(pair) as stream:
        pair.django(code)
        stream.wait_for_title("from outside")
