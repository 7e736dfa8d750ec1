"""Short requests share one thread, and none of them waits for a slow one or for each other's answers."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from missioncontrol.line import Line


@pytest.fixture
def line():
    with ThreadPoolExecutor(2) as pool:
        yield Line(pool)


async def test_jobs_run_in_turn_on_one_thread(line):
    ran = []

    def job(n):
        ran.append((n, threading.current_thread().name))
        return n

    answers = await asyncio.gather(*(line.run(lambda n=n: job(n)) for n in range(200)))
    assert answers == list(range(200))
    assert ran == [(n, "line") for n in range(200)]


async def test_those_behind_a_slow_job_go_elsewhere(line):
    free = threading.Event()
    slow = asyncio.create_task(line.run(lambda: free.wait(20)))
    await asyncio.sleep(0)
    quick = await asyncio.wait_for(asyncio.gather(*(line.run(lambda n=n: n) for n in range(5))), 10)
    assert quick == list(range(5))
    assert not slow.done()
    free.set()
    assert await slow


async def test_what_is_done_is_answered_while_the_next_one_is_slow(line):
    free = threading.Event()
    quick = asyncio.create_task(line.run(lambda: "quick"))
    slow = asyncio.create_task(line.run(lambda: free.wait(20)))
    assert await asyncio.wait_for(quick, 10) == "quick"
    assert not slow.done()
    free.set()
    assert await slow


async def test_a_failure_is_the_failure_of_its_own_job(line):
    def fail():
        raise LookupError("no such thing")

    failed, fine = await asyncio.gather(line.run(fail), line.run(lambda: "fine"), return_exceptions=True)
    assert isinstance(failed, LookupError)
    assert fine == "fine"


async def test_whoever_went_away_harms_nobody(line):
    free = threading.Event()
    gone = asyncio.create_task(line.run(lambda: free.wait(20)))
    await asyncio.sleep(0)
    gone.cancel()
    free.set()
    assert await asyncio.wait_for(line.run(lambda: "here"), 10) == "here"
