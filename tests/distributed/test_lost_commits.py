"""A connection to the database breaks between a commit and the answer to it: the server says that it does not know,
and does not do the same again."""

import pytest

from tests.contract.v1 import Fleet
from tests.distributed.relay import Relay
from tests.server import Server, unique


@pytest.fixture(scope="module")
def relay(postgres):
    with Relay(postgres.port) as running:
        yield running


@pytest.fixture(scope="module")
def behind(postgres, relay):
    url = postgres.create("lost-commits").replace(f":{postgres.port}/", f":{relay.port}/")
    with Server(DATABASE_URL=url) as running:
        yield running


def lost(server, relay, method, path, body, **headers):
    """The answer to a request whose commit is done, and whose answer is lost."""
    server.ask("GET", "/api/tasks")  # known callers are not looked up again, so the next commit is that of the request
    relay.has_cut.clear()
    relay.cut.set()
    status, answer_headers, body = server.ask_raw(method, path, body, headers=headers)
    assert relay.has_cut.wait(5), (status, body)
    return status, {name.lower() for name in answer_headers}, body


def test_a_report_of_tokens_is_stored_once(behind, relay):
    model = unique("model")
    body = {"model": model, "sessionId": "a:cli", "inputTokens": 1, "outputTokens": 1}
    status, headers, _ = lost(behind, relay, "POST", "/api/tokens", body)
    assert (status, "retry-after" in headers) == (503, True)
    assert behind.query(f"SELECT count(*) FROM tokens_tokenusage WHERE model = '{model}'") == [(1,)]
    assert behind.ask("POST", "/api/tokens", body)[0] == 200
    assert behind.query(f"SELECT count(*) FROM tokens_tokenusage WHERE model = '{model}'") == [(2,)]


def test_a_task_is_made_once(behind, relay):
    title = unique("task")
    status, headers, _ = lost(behind, relay, "POST", "/api/tasks", {"title": title})
    assert (status, "retry-after" in headers) == (503, True)
    assert behind.query(f"SELECT count(*) FROM tasks_task WHERE title = '{title}'") == [(1,)]
    assert behind.ask("POST", "/api/tasks", {"title": title})[0] == 201


def test_a_comment_is_made_once(behind, relay):
    _, made = behind.ask("POST", "/api/tasks", {"title": "talked about"})
    path, content = f"/api/tasks/{made['task']['id']}/comments", unique("said")
    assert lost(behind, relay, "POST", path, {"content": content})[0] == 503
    assert behind.query(f"SELECT count(*) FROM tasks_comment WHERE content = '{content}'") == [(1,)]


@pytest.mark.parametrize("query", ["", "?alone=1"])
def test_a_run_is_booked_once(behind, relay, query):
    fleet = Fleet(behind)
    agent, key = fleet.agent(budgetDaily=1000), unique("session")
    body = {
        "agentId": agent, "sessionKey": key, "model": "own-model", "startedAt": "2026-01-01T10:00:00Z",
        "status": "COMPLETED", "inputTokens": 10, "outputTokens": 1, "costUsd": 0.001,
    }  # fmt: skip
    bearer = {"Authorization": f"Bearer {fleet.tokens[agent]}", "Content-Type": "application/json"}
    path = f"/api/v1/events/run{query}"
    warm = behind.ask_raw("POST", path, {**body, "sessionKey": "warm"}, key=None, headers=bearer)
    assert warm[0] == 201, warm
    relay.has_cut.clear()
    relay.cut.set()
    status, headers, answer = behind.ask_raw("POST", path, body, key=None, headers=bearer)
    assert relay.has_cut.wait(5)
    assert status == 503, answer
    assert b"UNAVAILABLE" in answer
    assert behind.query(f"SELECT count(*) FROM tokens_run WHERE session_key = '{key}'") == [(1,)]
