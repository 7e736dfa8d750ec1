"""Reports of concurrent requests share a transaction; each is answered as if it had its own."""

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest

from ingest.batch import LARGEST, Batcher
from simulation.client import Client
from tests.server import Server


@pytest.fixture(scope="module")
def own():
    with Server() as running:
        yield running


def usage_rows(server):
    with sqlite3.connect(server.database, timeout=30) as database:
        return database.execute("SELECT session_id, input_tokens FROM tokens_tokenusage ORDER BY id").fetchall()


async def test_a_bad_report_among_good_ones_harms_only_itself(own):
    good = {"model": "gpt-4o", "sessionId": "good:chat", "inputTokens": 1, "outputTokens": 1}
    bad = [
        {**good, "inputTokens": -1},
        {**good, "inputTokens": 2**62},
        {**good, "taskId": 2**63},
        {**good, "model": ""},
        {**good, "sessionId": "x" * 100_000},
        {**good, "outputTokens": "many"},
        {**good, "sessionId": "nul\0:chat"},
        {**good, "model": "\ud800".encode("utf-8", "surrogatepass").decode("utf-8", "replace")},
    ]
    async with Client(own.url, own.key) as client:
        reports = [report for n in range(40) for report in (good, bad[n % len(bad)])]
        answers = await asyncio.gather(*(client.call("tokens", "POST", "/api/tokens", report) for report in reports))
    assert [answer.status for answer in answers[::2]] == [200] * 40
    assert {answer.status for answer in answers[1::2]} <= {200, 400}
    stored = sum(answer.status == 200 for answer in answers)
    assert len(usage_rows(own)) == stored
    assert sum(session == "good:chat" for session, _ in usage_rows(own)) >= 40


async def test_beats_of_unknown_agents_do_not_disturb_the_others(own):
    async with Client(own.url, own.key) as client:
        for n in range(10):
            await client.connect(f"beats-{n}", "coder", "test", "1")
        paths = [f"/api/agents/beats-{n}/heartbeat" for n in range(10)]
        paths += [f"/api/agents/nobody-{n}/heartbeat" for n in range(10)]
        answers = await asyncio.gather(*(client.call("beat", "POST", path, {}) for path in paths * 3))
    assert [answer.status for answer in answers] == ([200] * 10 + [404] * 10) * 3


async def test_an_answer_comes_after_its_commit(own):
    """Another connection to the file, as another process would have it, finds the row at once."""
    async with Client(own.url, own.key) as client:
        for n in range(30):
            report = {"model": "gpt-4o", "sessionId": f"seen-{n}:chat", "inputTokens": n, "outputTokens": 1}
            assert (await client.call("tokens", "POST", "/api/tokens", report)).ok
            assert usage_rows(own)[-1] == (f"seen-{n}:chat", n)


async def test_concurrent_items_share_a_write():
    sizes = []

    def write(items):
        sizes.append(len(items))
        return [item * 2 for item in items]

    with ThreadPoolExecutor(1) as writer:
        batcher = Batcher("test", write, writer)
        assert await asyncio.gather(*(batcher.submit(n) for n in range(50))) == [n * 2 for n in range(50)]
    assert sizes == [50]


async def test_no_write_is_larger_than_the_limit():
    sizes = []

    def write(items):
        sizes.append(len(items))
        return items

    with ThreadPoolExecutor(1) as writer:
        batcher = Batcher("test", write, writer)
        await asyncio.gather(*(batcher.submit(n) for n in range(LARGEST * 2 + 1)))
    assert sizes == [LARGEST, LARGEST, 1]


async def test_an_item_that_cannot_be_written_fails_alone():
    def write(items):
        if 13 in items:
            raise ValueError("thirteen")
        return items

    with ThreadPoolExecutor(1) as writer:
        batcher = Batcher("test", write, writer)
        outcomes = await asyncio.gather(*(batcher.submit(n) for n in range(20)), return_exceptions=True)
    assert [n for n, outcome in enumerate(outcomes) if isinstance(outcome, Exception)] == [13]
    assert isinstance(outcomes[13], ValueError)


async def test_a_request_that_gave_up_does_not_stop_the_batch():
    with ThreadPoolExecutor(1) as writer:
        batcher = Batcher("test", lambda items: items, writer)
        gone = asyncio.create_task(batcher.submit(1))
        stays = asyncio.create_task(batcher.submit(2))
        await asyncio.sleep(0)
        gone.cancel()
        assert await stays == 2
        assert await batcher.submit(3) == 3
