"""Batches and answers that come at the same moment, over real connections, through two processes."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.conftest import KEYS
from tests.server import Server

THREADS = 12
AGENT = "/api/v1/agents/keyed-agent"
Answered = tuple[int, Any]


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    environment = {}
    if request.param == "postgres":
        environment["DATABASE_URL"] = request.getfixturevalue("postgres").create("transcripts")
    with Server(web=2, **environment) as running:
        running.keys = running.django(KEYS)  # type: ignore[attr-defined]
        yield running


def ask(server: Server, method: str, path: str, body: Any = None) -> Answered:
    key = server.keys["agent"]  # type: ignore[attr-defined]
    who = key if "/stream" in path or "/events/" in path else server.key
    headers = {"Authorization": f"Bearer {who}", "Content-Type": "application/json"}
    return server.ask(method, path, body, key=None, headers=headers)


def at_once(server: Server, calls: list[tuple[str, str, Any]]) -> list[Answered]:
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(lambda call: ask(server, *call), calls))


def batch(key: str, numbers: range) -> tuple[str, str, Any]:
    events = [{"type": "agent_text", "text": f"{key} {n}", "seq": n} for n in numbers]
    return "POST", f"{AGENT}/stream", {"sessionKey": key, "events": events}


def said(server: Server, key: str) -> list[str]:
    return [
        text for (text,) in server.query(f"SELECT text FROM transcripts_entry WHERE text LIKE '{key} %' ORDER BY id")
    ]


def test_a_batch_that_is_sent_many_times_at_once_is_taken_once(server: Server) -> None:
    answers = at_once(server, [batch("same", range(50))] * THREADS)
    assert {status for status, _ in answers} == {202}
    assert {(answer["accepted"], str(answer["rejected"])) for _, answer in answers} == {(50, "[]")}
    assert said(server, "same") == [f"same {n}" for n in range(50)]
    told = "SELECT count(*) FROM activity_event WHERE kind = 'agent.text' AND CAST(data AS text) LIKE '%same %'"
    assert server.query(told) == [(50,)]


def test_batches_that_overlap_leave_no_gap_and_no_double(server: Server) -> None:
    at_once(server, [batch("over", range(start, start + 20)) for start in range(0, 100, 10)])
    assert sorted(said(server, "over"), key=lambda text: int(text.split()[1])) == [f"over {n}" for n in range(110)]


def test_the_end_of_a_run_is_told_once(server: Server) -> None:
    for n in range(6):
        run = {
            "agentId": "keyed-agent", "sessionKey": f"s{n}", "model": "m", "status": "RUNNING",
            "startedAt": "2026-02-02T09:00:00Z",
        }  # fmt: skip
        id = ask(server, "POST", "/api/v1/events/run", run)[1]["run"]["id"]
        done = {"type": "agent_done", "role": "coder", "cost": 0.1, "runId": id}
        stream = {"sessionKey": "ends", "events": [done]}
        end = ("PATCH", f"/api/v1/events/run/{id}", {"status": "COMPLETED", "costUsd": 0.1})
        answers = at_once(server, [("POST", f"{AGENT}/stream", stream), end, ("POST", f"{AGENT}/stream", stream)])
        assert [status for status, _ in answers] == [202, 200, 202]
    told = server.query(
        "SELECT kind, CAST(data AS text) FROM activity_event WHERE kind IN ('agent.done', 'run.completed')"
    )
    shown = [kind for kind, data in told if kind == "agent.done" or '"done_told":false' in data.replace(" ", "")]
    assert len(shown) == 6


def test_one_answer_to_a_wish_counts(server: Server) -> None:
    wish = {"type": "agent_spawn_request", "request": {"agents": [{"name": "a"}]}}
    assert ask(server, "POST", f"{AGENT}/stream", {"sessionKey": "w", "events": [wish]})[0] == 202
    id = ask(server, "GET", "/api/v1/spawn-requests?status=pending")[1]["requests"][0]["id"]
    path = f"/api/v1/spawn-requests/{id}/respond"
    answers = at_once(server, [("POST", path, {"approved": n % 2 == 0}) for n in range(THREADS)])
    assert sorted(status for status, _ in answers) == [200] + [409] * (THREADS - 1)
    [won] = [answer["request"]["status"] for status, answer in answers if status == 200]
    lost = {answer["error"]["details"]["request"]["status"] for status, answer in answers if status == 409}
    assert lost == {won}


def test_a_runner_that_waits_hears_at_once_from_any_process(server: Server) -> None:
    place = ask(server, "GET", f"{AGENT}/inbox")[1]["lastId"]
    with ThreadPoolExecutor(2) as pool:
        polls = [pool.submit(ask, server, "GET", f"{AGENT}/inbox?after={place}&wait=30") for _ in range(2)]
        assert ask(server, "POST", f"{AGENT}/messages", {"text": "wake up"})[0] == 201
        found = [poll.result(25)[1] for poll in polls]
    assert [[message["text"] for message in one["messages"]] for one in found] == [["wake up"]] * 2
    assert all(one["lastId"] > place for one in found)
