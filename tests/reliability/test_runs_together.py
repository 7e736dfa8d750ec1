"""Reports of runs that come at the same moment share a transaction; each is answered as if it had come alone."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import pytest

from tests.contract.v1 import Fleet
from tests.server import Server

MANY = 64
ALONE = "/events/run?alone=1"  # with a query a report is answered by its view
Sent = tuple[str, str, Any, dict[str, str]]
Got = tuple[int, dict[str, str], Any]


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def fleet(request: pytest.FixtureRequest) -> Iterator[Fleet]:
    if request.param == "sqlite":
        server = Server(web=2)
    else:
        server = Server(web=2, DATABASE_URL=request.getfixturevalue("postgres").create("runs_together"))
        server.prepare()
    with server:
        yield Fleet(server)


def at_once(fleet: Fleet, requests: list[Sent]) -> list[Got]:
    """All on connections of their own, which are open before the first is sent."""

    async def send(session: aiohttp.ClientSession, request: Sent) -> Got:
        method, path, body, headers = request
        async with session.request(method, f"{fleet.server.url}/api/v1{path}", json=body, headers=headers) as reply:
            return reply.status, {name.lower(): text for name, text in reply.headers.items()}, await reply.json()

    async def run() -> list[Got]:
        async with AsyncExitStack() as stack:
            session = await stack.enter_async_context(
                aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(120))
            )
            healths = [session.get(f"{fleet.server.url}/healthz") for _ in requests]
            for warm in await asyncio.gather(*healths):
                await warm.read()
            return await asyncio.gather(*(send(session, request) for request in requests))

    return asyncio.run(run())


def report(fleet: Fleet, agent: str, *, path: str = "/events/run", key: str = "", **fields: Any) -> Sent:
    body = {
        "agentId": agent, "sessionKey": "s", "model": "own-model", "startedAt": "2026-01-01T10:00:00Z",
        "status": "COMPLETED", "inputTokens": 10, "outputTokens": 1, "costUsd": 0.001, **fields,
    }  # fmt: skip
    return "POST", path, body, _headers(fleet, agent, key)


def change(fleet: Fleet, agent: str, run: str, **fields: Any) -> Sent:
    return "PATCH", f"/events/run/{run}", fields, _headers(fleet, agent, "")


def _headers(fleet: Fleet, agent: str, key: str) -> dict[str, str]:
    headers = {"Authorization": f"Bearer {fleet.tokens[agent]}", "X-Agent-Id": agent}
    return headers | ({"X-Idempotency-Key": key} if key else {})


def tokens(fleet: Fleet, action: str) -> Any:
    return fleet.server.ask("GET", f"/api/tokens?action={action}")[1]


def test_together_or_alone_the_answer_is_the_same(fleet: Fleet) -> None:
    agent = fleet.agent(budgetDaily=1000)
    task = fleet.begun(agent)
    for fields in ({"status": "RUNNING", "costUsd": None}, {"metadata": {"a": [1]}, "error": "o\u0000h"}, {}):
        first = report(fleet, agent, path=ALONE, taskId=task, **fields)
        at_once(fleet, [first])  # the first of a day, and the first of a task, is booked alone
        (one, heads_one, alone), (two, heads_two, together) = at_once(
            fleet, [first, report(fleet, agent, taskId=task, **fields)]
        )
        assert (one, two) == (201, 201)
        assert heads_one.keys() == heads_two.keys() and heads_one["content-type"] == heads_two["content-type"]
        for name in ("id", "createdAt", "endedAt", "durationMs"):
            assert alone["run"].pop(name).__class__ is together["run"].pop(name).__class__
        assert alone == together


def test_sums_are_exact_wherever_they_are_shown(fleet: Fleet) -> None:
    agents = [fleet.agent(budgetDaily=1000, budgetPerRun=500) for _ in range(4)]
    task = fleet.begun(agents[0])
    reports = [
        report(
            fleet, agents[n % 4], taskId=task, costUsd=(333_333 + n) / 1e6, inputTokens=100 + n, key=f"sum-{task}-{n}"
        )
        for n in range(MANY)
    ]
    before = tokens(fleet, "stats")["summary"]
    answers = at_once(fleet, reports)
    assert {status for status, _, _ in answers} == {201}
    cost, taken = sum(333_333 + n for n in range(MANY)), sum(101 + n for n in range(MANY))
    again = at_once(fleet, reports)
    assert [body for _, _, body in again] == [body for _, _, body in answers]
    assert {headers.get("x-idempotent-replay") for _, headers, _ in again} == {"true"}
    changes = [change(fleet, agents[n % 4], answers[n][2]["run"]["id"], costUsd=0.1 + n / 1e6) for n in range(MANY)]
    assert {status for status, _, _ in at_once(fleet, changes)} == {200}
    corrected = sum(100_000 + n for n in range(MANY))
    assert corrected < cost
    assert round(sum(fleet.shown(agent)["spendToday"] for agent in agents) * 1e6) == corrected
    assert round(fleet.done("GET", f"/tasks/{task}")["task"]["actualCost"] * 1e6) == corrected
    stats = tokens(fleet, "stats")["summary"]
    assert round((stats["totalCost"] - before["totalCost"]) * 1e6) == corrected
    assert stats["totalTokens"] - before["totalTokens"] == taken
    assert stats["requestCount"] - before["requestCount"] == MANY
    (line,) = [line for line in tokens(fleet, "task-costs")["tasks"] if f"task_{line['taskId']}" == task]
    assert (round(line["stats"]["totalCost"] * 1e6), line["stats"]["requestCount"]) == (corrected, MANY)
    by_agent = {line["agent"]: line for line in fleet.server.ask("GET", "/api/tokens/by-agent?days=1")[1]["agents"]}
    names = [fleet.shown(agent)["name"] for agent in agents]
    assert round(sum(by_agent[name]["total_cost"] for name in names) * 1e6) == corrected
    assert sum(by_agent[name]["request_count"] for name in names) == MANY
    kept = "SELECT sum(cost_microusd) FROM tokens_{} WHERE {}"
    n = task.removeprefix("task_")
    assert fleet.server.query(kept.format("tokenusage", f"task_id = {n}")) == [(corrected,)]
    assert fleet.server.query(kept.format("rollup", f"dimension = 'task' AND key = '{n}'")) == [(corrected,)]


def test_each_level_of_a_budget_is_passed_once(fleet: Fleet) -> None:
    agent = fleet.agent(budgetDaily=1, budgetPerRun=1)
    at_once(fleet, [report(fleet, agent, costUsd=0)])
    answers = at_once(fleet, [report(fleet, agent, costUsd=0.02) for _ in range(MANY)])
    assert {status for status, _, _ in answers} == {201}
    warned = Counter(body.get("budgetWarning", {}).get("type") for _, _, body in answers)
    assert warned == {None: 39, "APPROACHING_LIMIT": 10, "EXCEEDED": 15}
    shown = fleet.shown(agent)
    assert (shown["status"], shown["spendToday"]) == ("PAUSED", 1.28)
    rows = fleet.server.query(
        "SELECT type, description FROM activity_event e JOIN agents_agent a ON a.id = e.agent_id"
        f" WHERE a.slug = '{agent}' AND type IN ('budget_warning', 'budget_exceeded') ORDER BY e.id"
    )
    assert [type for type, _ in rows] == ["budget_warning", "budget_warning", "budget_exceeded"]
    assert sorted(fleet.alerts(agent)) == ["BUDGET_CRITICAL", "BUDGET_EXCEEDED"]


def test_a_bad_report_harms_only_itself(fleet: Fleet) -> None:
    agent, other = fleet.agent(budgetDaily=1000), fleet.agent()
    at_once(fleet, [report(fleet, agent)])
    bad = [
        ({"costUsd": -1}, 400), ({"status": "DONE"}, 400), ({"taskId": "task_999999"}, 404), ({"taskId": "x"}, 404),
        ({"agentId": other}, 403), ({"startedAt": "2999-01-01T00:00:00Z"}, 400), ({"sessionKey": "s" * 129}, 400),
        ({"endedAt": "2020-01-01T00:00:00Z"}, 400), ({"inputTokens": 2**63}, 400), ({"metadata": "none"}, 400),
    ]  # fmt: skip
    sent = [report(fleet, agent, **fields) for fields, _ in bad]
    answers = at_once(
        fleet, [each for pair in zip([report(fleet, agent)] * len(bad), sent, strict=True) for each in pair]
    )
    assert [status for status, _, _ in answers[::2]] == [201] * len(bad)
    assert [status for status, _, _ in answers[1::2]] == [status for _, status in bad]
    for status, headers, body in answers[1::2]:
        assert body["error"]["code"] and body["error"]["requestId"] == headers["x-request-id"], status
    assert fleet.shown(agent)["spendToday"] == 0.011
    stranger = ("POST", "/events/run", sent[0][2], {"Authorization": "Bearer mc_agt_nobody"})
    assert [status for status, _, _ in at_once(fleet, [stranger, report(fleet, agent)])] == [401, 201]


def test_one_key_is_one_run(fleet: Fleet) -> None:
    agent = fleet.agent(budgetDaily=1000)
    at_once(fleet, [report(fleet, agent)])
    answers = at_once(fleet, [report(fleet, agent, key="same")] * 20 + [report(fleet, agent, key="same", costUsd=0.5)])
    assert {status for status, _, _ in answers} <= {201, 409}
    runs = {body["run"]["id"] for status, _, body in answers if status == 201}
    assert len(runs) == 1
    refused = {body["error"]["code"] for status, _, body in answers if status == 409}
    assert refused <= {"IDEMPOTENCY_CONFLICT", "IDEMPOTENCY_IN_PROGRESS"}
    assert fleet.shown(agent)["spendToday"] in (0.002, 0.501)


def test_five_failures_stop_the_agent_whoever_is_beside_it(fleet: Fleet) -> None:
    failing, well = fleet.agent(budgetDaily=1000), fleet.agent(budgetDaily=1000)
    at_once(fleet, [report(fleet, failing, status="RUNNING"), report(fleet, well)])
    both = [report(fleet, failing, status="FAILED", error="boom"), report(fleet, well)]
    answers = at_once(fleet, both * 8)
    assert {status for status, _, _ in answers[1::2]} == {201}
    failed = [status for status, _, _ in answers[::2]]
    assert failed.count(201) >= 5 and set(failed) <= {201, 403}
    assert at_once(fleet, both)[0][0] == 403
    assert fleet.shown(failing)["status"] == "QUARANTINED"
    assert (fleet.shown(well)["status"], fleet.shown(well)["spendToday"]) == ("ACTIVE", 0.01)


def test_every_report_counts_once_against_the_limit() -> None:
    with Server(MC_DISABLE_RATE_LIMIT="") as server:
        fleet = Fleet(server)
        agent = fleet.agent(budgetDaily=1000)
        sent = [report(fleet, agent, costUsd=cost) for cost in (0.1, -1, 0.1, 0.2) * 5]
        answers = at_once(fleet, sent)
        left = [int(headers["x-ratelimit-remaining"]) for _, headers, _ in answers]
        assert Counter(status for status, _, _ in answers) == {201: 15, 400: 5}
        # Each takes one away, and nothing is lost when a minute begins meanwhile.
        windows = {headers["x-ratelimit-reset"] for _, headers, _ in answers}
        assert sorted(left) == list(range(980, 1000)) or len(windows) == 2
