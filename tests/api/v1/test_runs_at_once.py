"""Many reports of one agent at the same moment, over real connections: every sum is exact to the micro-dollar."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.server import Server

THREADS, TURNS = 16, 4
STARTED = "2026-01-01T00:00:00Z"
AGENT = """
from datetime import timedelta
from django.utils import timezone
from accounts.models import Workspace
from accounts.services import issue_token
from agents.models import Mandate
from agents.services import create_agent
from core.actors import Role, system
now = timezone.now()
agent = create_agent(actor=system(1), now=now, name="%(name)s", role="coder")
Mandate.objects.create(agent=agent, budget_daily_microusd=%(daily)d, budget_per_run_microusd=10**12, autonomy="LEAD")
answer = issue_token(
    actor=system(1), role=Role.OPERATOR, workspace=Workspace.objects.get(pk=1), expires_at=now + timedelta(days=1),
    agent=(agent.pk, agent.name),
)
"""


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def own(request: pytest.FixtureRequest) -> Iterator[Server]:
    if request.param == "sqlite":
        with Server(web=2) as running:
            yield running
        return
    made = Server(web=2, DATABASE_URL=request.getfixturevalue("postgres").create("runs_at_once"))
    made.prepare()
    with made as running:
        yield running


class Caller:
    """One agent of the server, and a task of its own."""

    def __init__(self, server: Server, name: str, *, daily: int) -> None:
        self.server, self.name = server, name
        self.headers = {"Authorization": f"Bearer {server.django(AGENT % {'name': name, 'daily': daily})}"}
        self.headers["Content-Type"] = "application/json"
        body = {"title": name, "type": "OPS", "assigneeIds": [name]}
        self.task = self.call("POST", "/tasks", body, expect=201)["task"]["id"]

    def call(self, method: str, path: str, body: Any = None, *, expect: int = 200) -> Any:
        status, answer = self.server.ask(method, f"/api/v1{path}", body, key=None, headers=self.headers)
        assert status == expect, answer
        return answer

    def start(self, **fields: Any) -> str:
        body = {
            "agentId": self.name, "sessionKey": "s", "model": "m", "status": "RUNNING", "startedAt": STARTED,
            "taskId": self.task, **fields,
        }  # fmt: skip
        return str(self.call("POST", "/events/run", body, expect=201)["run"]["id"])

    def cost(self, run: str, micro: int) -> None:
        self.call("PATCH", f"/events/run/{run}", {"costUsd": micro / 1_000_000})

    def sums(self) -> tuple[int, int, int]:
        """What the runs cost, what is booked on the agent, what on the task."""
        n = int(self.task.removeprefix("task_"))
        return tuple(
            int(self.server.query(text)[0][0])
            for text in (
                f"SELECT sum(cost_microusd) FROM tokens_run WHERE task_id = {n}",
                "SELECT m.spend_today_microusd FROM agents_mandate m JOIN agents_agent a ON a.id = m.agent_id"
                f" WHERE a.slug = '{self.name}'",
                f"SELECT actual_cost_microusd FROM tasks_brief WHERE task_id = {n}",
            )
        )  # type: ignore[return-value]


def at_once(doing: Callable[[int], None]) -> None:
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(doing, range(THREADS)))


def test_sixteen_at_once_add_up(own: Server) -> None:
    agent = Caller(own, "adder", daily=10**12)
    shared = agent.start()

    def work(number: int) -> None:
        for turn in range(TURNS):
            run = agent.start(costUsd=(number + 1) / 1_000_000)
            agent.cost(run, 333_333 + 7 * number + turn)
            agent.cost(run, 1_001 + number)
            agent.cost(shared, 1_000 * number + turn)

    at_once(work)
    runs, spent, booked = agent.sums()
    last = own.query(f"SELECT cost_microusd FROM tokens_run WHERE id = {shared.removeprefix('run_')}")[0][0]
    assert runs == TURNS * sum(1_001 + number for number in range(THREADS)) + last
    assert spent == booked == runs


def test_the_limit_is_passed_once(own: Server) -> None:
    agent = Caller(own, "spender", daily=1_000_000)
    at_once(lambda number: [agent.start(costUsd=0.030001) for _ in range(TURNS)] and None)
    assert agent.sums() == (30_001 * THREADS * TURNS,) * 3
    task = int(agent.task.removeprefix("task_"))
    assert own.query(f"SELECT action_type, status FROM governance_approval WHERE task_id = {task}") == [
        ("BUDGET_OVERRIDE", "PENDING")
    ]
    kinds = Counter(kind for (kind,) in own.query("SELECT kind FROM activity_event"))
    assert kinds["budget.exceeded"] == 1
    assert agent.call("GET", "/agents/spender")["agent"]["status"] == "PAUSED"
    assert agent.call("GET", f"/tasks/{agent.task}")["task"]["status"] == "NEEDS_APPROVAL"


def test_of_many_who_decide_at_once_one_wins(own: Server) -> None:
    agent = Caller(own, "asker", daily=10**12)
    body = {"actionType": "TOOL_EXEC", "actionSummary": "x", "riskLevel": "RED", "justification": "y"}
    asked: list[dict[str, Any]] = []

    def ask(_: int) -> None:
        status, answer = own.ask(
            "POST", "/api/v1/approvals", {**body, "taskId": agent.task}, key=None, headers=agent.headers
        )
        assert status in (200, 201), answer
        asked.append(answer)

    at_once(ask)
    assert len({answer["approval"]["id"] for answer in asked}) == 1
    assert sum(answer["created"] for answer in asked) == 1
    path = f"/api/v1/approvals/{asked[0]['approval']['id']}/decide"
    answers: list[tuple[int, str]] = []

    def decide(number: int) -> None:
        sent = {"decision": "DENIED" if number % 2 else "APPROVED"}
        key = "operator-key" if number % 4 < 2 else own.key
        headers = {"Content-Type": "application/json"}
        status, answer = own.ask("POST", path, sent, key=key, headers=headers)
        answers.append((status, answer.get("error", {}).get("code", "")))

    at_once(decide)
    assert set(answers) == {(200, ""), (409, "ALREADY_DECIDED")}
    decided = own.query("SELECT kind FROM activity_event WHERE kind = 'approval.decided'")
    assert len(decided) == 1
