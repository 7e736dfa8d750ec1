"""`kill -9` of the server in the middle of calls with idempotency keys: sent again, each has happened once."""

from __future__ import annotations

import http.client
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from time import sleep
from typing import Any

import orjson
import pytest

from tests.contract.v1 import PLAN, Answer, Fleet
from tests.server import Server

CALLERS, ANSWERED = 12, 15
# As if a minute had gone by, after which a key is free again whose call was never answered.
LAPSE = """
from datetime import timedelta
from accounts.models import IdempotentCall
from accounts.services.calls import LONGEST_RUN
from django.db.models import F
IdempotentCall.objects.filter(status=None).update(began_at=F("began_at") - LONGEST_RUN)
"""
Calls = dict[str, Answer | None]


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def fleet(request):
    environment = {}
    if request.param == "postgres":
        environment["DATABASE_URL"] = request.getfixturevalue("postgres").create("keys")
    with Server(**environment) as server:
        yield Fleet(server)


def until_killed(fleet: Fleet, call: Callable[[str], Answer], name: str) -> Calls:
    """Call with ever new keys from many sides, and kill the server amidst; key → answer, None where there was none."""
    calls: Calls = {}
    numbers = count()

    def one_after_another() -> None:
        while True:
            key = f"{name}-{next(numbers)}"
            calls[key] = None
            try:
                calls[key] = call(key)
            except (OSError, http.client.HTTPException):
                return

    with ThreadPoolExecutor(CALLERS) as callers:
        under_way = [callers.submit(one_after_another) for _ in range(CALLERS)]
        while sum(answer is not None for answer in calls.copy().values()) < ANSWERED:
            assert not all(each.done() for each in under_way)
            sleep(0.01)
        fleet.server.kill("web")
    for each in under_way:
        each.result()
    return calls


def again(fleet: Fleet, calls: Calls, call: Callable[[str], Answer]) -> dict[str, Any]:
    """Every call once more, whether it was answered or not; key → what it has led to."""
    fleet.server.start("web")
    fleet.server.django(LAPSE)
    found = {}
    for key, first in calls.items():
        second, third = call(key), call(key)
        assert second.status in (200, 201) and third.headers["x-idempotent-replay"] == "true", second.raw
        assert first is None or (first.status, second.headers["x-idempotent-replay"]) == (201, "true"), first.raw
        found[key] = {**second.body, "created": None}
        assert found[key] == {**third.body, "created": None}
        assert first is None or found[key] == {**first.body, "created": None}
    return found


def test_no_task_is_made_twice(fleet):
    agent = fleet.agent()

    def create(key: str) -> Answer:
        body = {"title": key, "type": "OPS", "assigneeIds": [agent]}
        return fleet.ask("POST", "/tasks", body, as_=agent, key=key)

    calls = until_killed(fleet, create, "made")
    assert None in calls.values()
    found = again(fleet, calls, create)
    rows = fleet.server.query("SELECT title FROM tasks_task WHERE title LIKE 'made-%'")
    assert Counter(title for (title,) in rows) == Counter(list(calls))
    ids = [int(body["task"]["id"].removeprefix("task_")) for body in found.values()]
    moves = fleet.server.query(f"SELECT task_id FROM tasks_transition WHERE task_id >= {min(ids)} AND now = 'ASSIGNED'")
    assert Counter(task for (task,) in moves) == Counter(ids)


def speaks(key: str) -> bool:
    return int(key.partition("-")[2]) % 2 == 0


def test_no_message_or_run_is_told_twice(fleet):
    agent = fleet.agent(budgetDaily=1000)
    task = fleet.begun(agent)

    def call(key: str) -> Answer:
        """Every other one says something, the others spend."""
        said = {"type": "PROGRESS", "content": key}
        run = {
            "agentId": agent, "sessionKey": key, "model": "m", "startedAt": "2026-01-01T10:00:00Z", "taskId": task,
            "status": "COMPLETED", "costUsd": 0.25,
        }  # fmt: skip
        path, body = (f"/tasks/{task}/messages", said) if speaks(key) else ("/events/run", run)
        return fleet.ask("POST", path, body, as_=agent, key=key)

    calls = until_killed(fleet, call, "told")
    again(fleet, calls, call)
    messages = fleet.server.query("SELECT content FROM tasks_comment WHERE content LIKE 'told-%'")
    assert Counter(content for (content,) in messages) == Counter(key for key in calls if speaks(key))
    cost = 0.25 * sum(not speaks(key) for key in calls)
    shown = fleet.done("GET", f"/tasks/{task}")["task"]
    assert (shown["actualCost"], fleet.shown(agent)["spendToday"]) == (cost, cost)
    # Reports that came together were one transaction: of none there is a part.
    number = task.removeprefix("task_")
    for kept in (
        f"tokens_run WHERE task_id = {number}",
        f"tokens_tokenusage WHERE task_id = {number}",
        f"tokens_rollup WHERE dimension = 'task' AND key = '{number}'",
    ):
        ((micro,),) = fleet.server.query(f"SELECT sum(cost_microusd) FROM {kept}")
        assert micro == round(cost * 1e6)
    told = fleet.server.query(f"SELECT subject FROM activity_event WHERE kind = 'run.completed' AND task_id = {number}")
    assert len(set(told)) == len(told) == sum(not speaks(key) for key in calls)


def test_a_start_that_is_sent_from_many_sides_happens_once(fleet):
    agent = fleet.agent()
    tasks = [fleet.task(assigneeIds=[agent]) for _ in range(ANSWERED)]
    waiting = iter(tasks * 2)

    def start(task: str) -> Answer | None:
        try:
            return fleet.move(task, "IN_PROGRESS", as_=agent, workPlan=PLAN, key=f"start-{task}")
        except (OSError, http.client.HTTPException):
            return None

    with ThreadPoolExecutor(CALLERS) as callers:
        under_way = [callers.submit(start, task) for task in waiting]
        under_way[CALLERS].result()
        fleet.server.kill("web")
    fleet.server.start("web")
    fleet.server.django(LAPSE)
    first = [each.result() for each in under_way]
    answers = {task: start(task) for task in tasks}
    for task, before in zip(tasks * 2, first, strict=True):
        assert answers[task].status == 200
        assert before is None or before.status == 409 or orjson.loads(before.raw) == answers[task].body
        assert fleet.moves(task) == [("INBOX", "ASSIGNED"), ("ASSIGNED", "IN_PROGRESS")]
        said = fleet.done("GET", f"/tasks/{task}/messages?type=WORK_PLAN")["messages"]
        assert len(said) == 1
