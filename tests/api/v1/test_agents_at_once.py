"""Many calls about agents at the same moment, over real connections: limits hold and nothing breaks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.server import KEY, Server

THREADS = 12
Answered = tuple[int, Any]


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def own(request: pytest.FixtureRequest) -> Iterator[Server]:
    if request.param == "sqlite":
        with Server(web=2) as running:
            yield running
        return
    made = Server(web=2, DATABASE_URL=request.getfixturevalue("postgres").create("agents_at_once"))
    made.prepare()
    with made as running:
        yield running


def ask(server: Server, method: str, path: str, body: Any = None, *, token: str = KEY) -> Answered:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    return server.ask(method, f"/api/v1{path}", body, key=None, headers=headers)


def made(server: Server, slug: str, **fields: Any) -> str:
    """A new agent's token."""
    body = {"id": slug, "name": slug, "role": "LEAD", "workspacePath": "/w", **fields}
    status, answer = ask(server, "POST", "/agents", body)
    assert status == 201, answer
    return str(ask(server, "POST", "/auth/token", {"agentId": slug})[1]["token"])


def at_once(calls: list[tuple[Any, ...]]) -> list[Answered]:
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(lambda call: ask(*call[:4], token=call[4] if len(call) > 4 else KEY), calls))


def test_of_many_who_register_one_id_one_gets_it(own: Server) -> None:
    body = {"id": "wanted", "role": "INTERN", "workspacePath": "/w"}
    answers = at_once([(own, "POST", "/agents", {**body, "name": f"Wanted {n}"}) for n in range(THREADS)])
    assert Counter(status for status, _ in answers) == {201: 1, 409: THREADS - 1}
    assert {answer["error"]["code"] for status, answer in answers if status == 409} == {"CONFLICT"}


def test_no_agent_starts_more_than_it_may(own: Server) -> None:
    token = made(own, "parent")
    task = ask(own, "POST", "/tasks", {"title": "x", "type": "OPS", "assigneeIds": ["parent"]})[1]["task"]["id"]
    body = {
        "role": "SPECIALIST",
        "workspacePath": "/w",
        "parentAgentId": "parent",
        "parentTaskId": task,
        "purpose": "x",
    }
    calls = [(own, "POST", "/agents", {**body, "id": f"c{n}", "name": f"C{n}"}, token) for n in range(THREADS)]
    assert Counter(status for status, _ in at_once(calls)) == {201: 3, 403: THREADS - 3}


def test_beats_orders_and_changes_at_once_leave_an_agent_whole(own: Server) -> None:
    token = made(own, "busy")
    tasks = [
        ask(own, "POST", "/tasks", {"title": f"T{n}", "type": "OPS", "assigneeIds": ["busy"]})[1]["task"]["id"]
        for n in range(4)
    ]
    beat = {"sessionKey": "s", "status": "BUSY", "currentTaskId": tasks[0]}
    plan = {"toStatus": "IN_PROGRESS", "workPlan": {"bullets": ["a", "b", "c"]}}
    calls: list[tuple[Any, ...]] = []
    for n in range(6):
        calls += [
            (own, "POST", "/agents/busy/heartbeat", beat, token),
            (own, "POST", "/agents/busy/control", {"action": ("PAUSE", "QUARANTINE", "DRAIN")[n % 3]}),
            (own, "POST", f"/tasks/{tasks[n % 4]}/transition", plan, token),
            (own, "PATCH", "/agents/busy", {"metadata": {f"n{n}": n}, "budgetDaily": n}),
            (own, "POST", "/agents/busy/control", {"action": ("RESUME", "RESTART")[n % 2]}),
        ]
    answers = at_once(calls)
    assert [answer for status, answer in answers if status >= 500] == []
    ask(own, "POST", "/agents/busy/control", {"action": "RESUME"})
    agent = ask(own, "GET", "/agents/busy")[1]["agent"]
    assert agent["status"] == "ACTIVE"
    assert {name for name in agent["metadata"] if name != "heartbeat"} == {f"n{n}" for n in range(6)}


def test_what_goes_wrong_many_times_at_once_is_one_alert(own: Server) -> None:
    for n in range(4):
        made(own, f"odd{n}")
    at_once([(own, "POST", f"/agents/odd{n % 4}/control", {"action": "QUARANTINE"}) for n in range(THREADS)])
    for n in range(4):
        alerts = ask(own, "GET", f"/alerts?agentId=odd{n}")[1]["alerts"]
        assert [(alert["type"], alert["metadata"]["count"]) for alert in alerts] == [("AGENT_QUARANTINED", 1)]
