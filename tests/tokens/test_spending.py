"""What agents report of their runs counts wherever spending is shown, once and to the micro-dollar."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from agents.models import Mandate
from tests.api.v1.base import V1ApiTestCase
from tokens import reports
from tokens.models import Rollup, TokenUsage
from tokens.of_agents import spending_of
from tokens.statistics import by_agent, hours

MONDAY = datetime(2026, 3, 2, 10, 30, tzinfo=UTC)


class SpendingTests(V1ApiTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.jordan = self.agent("jordan", autonomy="LEAD")
        self.task = self.new_task(assigneeIds=["jordan"])
        self.task_id = int(self.task["id"].removeprefix("task_"))

    def run_(self, **fields: Any) -> str:
        body = {
            "agentId": "jordan", "sessionKey": "main", "model": "own-model", "status": "COMPLETED",
            "taskId": self.task["id"], "startedAt": "2026-01-01T10:00:00Z", "endedAt": "2026-01-01T10:00:30Z", **fields,
        }  # fmt: skip
        answer = self.ask("POST", "/events/run", body, as_=self.jordan)
        assert answer.status == 201, answer.raw
        return str(answer.body["run"]["id"])

    def correct(self, id: str, **fields: Any) -> None:
        answer = self.ask("PATCH", f"/events/run/{id}", fields, as_=self.jordan)
        assert answer.status == 200, answer.raw

    def tokens(self, action: str, **query: str) -> Any:
        more = "".join(f"&{name}={value}" for name, value in query.items())
        answer = self.get(f"/api/tokens?action={action}{more}", as_=self.bob)
        assert answer.status == 200
        return answer.body

    def test_a_run_is_in_every_statistic(self):
        self.run_(inputTokens=1000, outputTokens=200, cacheReadTokens=30, cacheWriteTokens=4, costUsd=0.123456)
        expected = {
            "totalTokens": 1234, "totalCost": 0.123456, "requestCount": 1,
            "avgTokensPerRequest": 1234, "avgCostPerRequest": 0.123456,
        }  # fmt: skip
        stats = self.tokens("stats")
        assert stats["summary"] == expected
        assert (stats["models"], stats["agents"]) == ({"own-model": expected}, {"jordan": expected})
        assert stats["sessions"] == {"jordan:main": expected}
        (record,) = self.tokens("list")["usage"]
        assert (record["operation"], record["inputTokens"], record["outputTokens"]) == ("run", 1034, 200)
        assert (record["taskId"], record["duration"]) == (self.task_id, 30_000)
        assert self.tokens("agent-costs")["agents"]["jordan"]["stats"] == expected
        (line,) = self.tokens("task-costs")["tasks"]
        assert (line["taskId"], line["stats"]) == (self.task_id, expected)
        assert sum(hour["cost"] for hour in self.tokens("trends")["trends"]) == 0.123456
        (agent,) = self.get("/api/tokens/by-agent?days=1", as_=self.bob).body["agents"]
        assert (agent["agent"], agent["total_cost"], agent["request_count"]) == ("jordan", 0.123456, 1)
        now = self.now()
        assert reports.of_tasks(self.home.pk, [self.task_id]) == {self.task_id: 123_456}
        assert reports.today_of_agents(self.home.pk, ["jordan"], now=now) == {"jordan": 123_456}
        assert reports.month(self.home.pk, now=now).spent_microusd == 123_456

    def now(self) -> datetime:
        return TokenUsage.objects.latest("id").at

    def test_the_costs_page_shows_it(self):
        self.run_(costUsd=12.5)
        self.client.force_login(self.bob)
        page = re.sub(r"<[^>]+>|\s+", " ", self.client.get("/costs/").content.decode())
        assert "12.50" in page and "jordan" in page and "own-model" in page

    def test_corrections_count_by_their_difference_and_as_no_request(self):
        id = self.run_(status="RUNNING")
        assert not TokenUsage.objects.exists()
        for cost, tokens in ((0.3, 100), (0.5, 900), (0.2, 400), (0.200001, 400)):
            self.correct(id, costUsd=cost, inputTokens=tokens)
            stats = self.tokens("stats")["summary"]
            assert (stats["totalCost"], stats["totalTokens"], stats["requestCount"]) == (cost, tokens, 1)
            assert self.kept("total") == [(tokens, round(cost * 1e6), 1)]
        rows = TokenUsage.objects.count()
        self.correct(id, status="COMPLETED", costUsd=0.200001)
        assert TokenUsage.objects.count() == rows
        assert Mandate.objects.get(agent=self.jordan).spend_today_microusd == 200_001
        for dimension in ("model", "agent", "project", "task", "session"):
            assert self.kept(dimension) == [(400, 200_001, 1)]

    def kept(self, dimension: str) -> list[tuple[int, int, int]]:
        return list(Rollup.objects.filter(dimension=dimension).values_list("input_tokens", "cost_microusd", "requests"))

    def test_a_run_that_took_nothing_is_a_request_all_the_same(self):
        self.correct(self.run_(costUsd=0), costUsd=0)
        stats = self.tokens("stats")["summary"]
        assert (stats["requestCount"], stats["totalCost"]) == (1, 0)

    def test_one_key_is_one_row(self):
        body = {
            "agentId": "jordan", "sessionKey": "s", "model": "m", "status": "COMPLETED", "costUsd": 0.2,
            "startedAt": "2026-01-01T10:00:00Z",
        }  # fmt: skip
        for _ in range(3):
            self.ask("POST", "/events/run", body, as_=self.jordan, x_idempotency_key="once")
        assert self.tokens("stats")["summary"]["totalCost"] == 0.2

    def test_a_token_report_of_the_same_session_stays_apart(self):
        self.run_(inputTokens=10, costUsd=0.1)
        report = {"model": "own-model", "sessionId": "jordan:main", "inputTokens": 1_000_000, "outputTokens": 0}
        assert self.post("/api/tokens", report, as_=self.bob).status == 200
        stats = self.tokens("stats")
        assert stats["sessions"]["jordan:main"]["requestCount"] == 2
        assert stats["summary"]["totalCost"] == 3.1
        assert Mandate.objects.get(agent=self.jordan).spend_today_microusd == 100_000

    def test_what_is_corrected_on_another_day_counts_on_that_day(self):
        id = self.run_(costUsd=0.5, inputTokens=50)
        first = TokenUsage.objects.get()
        Rollup.objects.exclude(starts=0).update(starts=reports.start_of_day(MONDAY))
        TokenUsage.objects.filter(pk=first.pk).update(at=MONDAY)
        self.correct(id, costUsd=0.4)
        now = self.now()
        assert reports.today_of_agents(self.home.pk, ["jordan"], now=now) == {"jordan": -100_000}
        assert reports.total(self.home.pk, since=0).cost_microusd == 400_000
        assert reports.of_tasks(self.home.pk, [self.task_id]) == {self.task_id: 400_000}
        spending = spending_of(self.home.pk, "jordan", since=MONDAY, until=now + timedelta(seconds=1))
        assert [(day.cost_microusd, day.requests) for day in spending.days] == [(500_000, 1), (-100_000, 0)]

    def test_rows_and_sums_say_the_same_of_any_span(self):
        id = self.run_(costUsd=0.5)
        self.correct(id, costUsd=0.25)
        since = self.now() - timedelta(minutes=1)
        for start in (since, since - timedelta(days=1)):
            (agent,) = by_agent(self.home.pk, since=start)
            assert (agent.total.cost_microusd, agent.total.requests) == (250_000, 1)
            figures = [figures for _, figures in hours(self.home.pk, since=start)]
            assert sum(each.cost_microusd for each in figures) == 250_000
            assert sum(each.requests for each in figures) == 1

    def test_a_sub_agents_cost_counts_once(self):
        sub = self.agent("sub", parent=self.jordan, parent_task_id=self.task_id)
        body = {
            "agentId": "sub", "sessionKey": "s", "model": "m", "status": "COMPLETED", "costUsd": 0.2,
            "startedAt": "2026-01-01T10:00:00Z",
        }  # fmt: skip
        assert self.ask("POST", "/events/run", body, as_=sub).status == 201
        assert self.tokens("stats")["summary"]["totalCost"] == 0.2
