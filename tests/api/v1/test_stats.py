from __future__ import annotations

from datetime import UTC, datetime, timedelta

from core.actors import system
from governance.days import next_midnight, start_of_day, start_of_month, start_of_week
from governance.models import Alert
from governance.services.alerts import Trouble, open_alert
from tasks.models import Brief, Task
from tests.api.v1.base import V1ApiTestCase
from tests.base import BaseTestCase
from tokens.models import Run


class StatsTestCase(V1ApiTestCase):
    def run_of(self, agent, cost, *, status="COMPLETED", task=None, model="sonnet", ago=timedelta(0)):
        at = self.now - ago
        return Run.objects.create(
            workspace_id=agent.workspace_id,
            agent=agent,
            task_id=int(task.removeprefix("task_")) if task else None,
            session_key="s",
            model=model,
            started_at=at,
            ended_at=at,
            cost_microusd=round(cost * 1_000_000),
            status=status,
            reported_by=f"agent:{agent.pk}",
            created_at=at,
        )


class OverviewTests(StatsTestCase):
    def test_an_empty_workspace_has_zeros_for_everything(self):
        answer = self.ask("GET", "/stats/overview")
        assert answer.status == 200
        body = answer.body
        assert set(body) == {"tasks", "agents", "approvals", "alerts", "costs"}
        assert len(body["tasks"]["byStatus"]) == len(body["tasks"]["byType"]) == 8
        assert sum(body["tasks"]["byStatus"].values()) == sum(body["tasks"]["byType"].values()) == 0
        assert (body["tasks"]["completedToday"], body["tasks"]["completedThisWeek"]) == (0, 0)
        assert body["agents"] == {"active": 0, "paused": 0, "quarantined": 0}
        assert body["approvals"] == {"pending": 0, "urgentCount": 0}
        assert body["alerts"] == {"open": 0, "critical": 0}
        assert body["costs"] == {"today": 0, "thisWeek": 0, "thisMonth": 0}

    def test_everything_is_counted_where_the_dialect_shows_it(self):
        agent = self.agent("jordan")
        self.agent("casey", control="PAUSED"), self.agent("riley", control="QUARANTINED")
        self.post("/api/agents", {"name": "Nova", "role": "coder"})
        self.new_task(), self.new_task(type="OPS", assigneeIds=["jordan"])
        for status in ("QUALITY_REVIEW", "FAILED", "ASSIGNED", "BACKLOG", "DONE"):
            id = int(self.new_task()["id"].removeprefix("task_"))
            Task.objects.filter(pk=id).update(status=status, completed_at=self.now)
        self.run_of(agent, 0.25)
        self.run_of(agent, 5, ago=timedelta(days=400))
        trouble = Trouble("SYSTEM_ERROR", Alert.Severity.CRITICAL, "The worker stands still")
        open_alert(trouble=trouble, actor=system(self.home.pk), now=self.now)
        body = self.ask("GET", "/stats/overview", as_=agent).body
        shown = {name: n for name, n in body["tasks"]["byStatus"].items() if n}
        assert shown == {"INBOX": 3, "ASSIGNED": 1, "REVIEW": 1, "BLOCKED": 1, "DONE": 1}
        assert body["tasks"]["byType"]["DOCS"] == 6 and body["tasks"]["byType"]["OPS"] == 1
        assert (body["tasks"]["completedToday"], body["tasks"]["completedThisWeek"]) == (1, 1)
        assert body["agents"] == {"active": 2, "paused": 1, "quarantined": 1}
        assert body["alerts"] == {"open": 1, "critical": 1}
        assert body["costs"] == {"today": 0.25, "thisWeek": 0.25, "thisMonth": 0.25}
        assert self.ask("GET", "/stats/overview", as_=self.charlie).body["agents"]["active"] == 0


class CostTests(StatsTestCase):
    def test_costs_are_told_by_model_and_type_of_task(self):
        agent, other = self.agent("jordan"), self.agent("riley")
        task = self.new_task()["id"]
        self.run_of(agent, 0.2, task=task), self.run_of(agent, 0.3, task=task, model="opus"), self.run_of(agent, 0.1)
        self.run_of(agent, 9, ago=timedelta(days=40)), self.run_of(other, 7)
        answer = self.ask("GET", "/stats/agents/jordan/costs?period=day", as_=agent)
        assert answer.status == 200
        assert answer.body == {
            "total": 0.6,
            "byModel": {"opus": 0.3, "sonnet": 0.3},
            "byTaskType": {"DOCS": 0.5, "NONE": 0.1},
            "runs": 3,
            "avgCostPerRun": 0.2,
        }
        empty = {"total": 0, "byModel": {}, "byTaskType": {}, "runs": 0, "avgCostPerRun": 0}
        self.agent("casey")
        assert self.ask("GET", "/stats/agents/casey/costs?period=month").body == empty

    def test_who_may_and_what_is_wrong(self):
        agent = self.agent("jordan")
        path = "/stats/agents/jordan/costs?period=week"
        self.refused(self.ask("GET", path, as_=self.agent("riley")), 403, "FORBIDDEN")
        assert self.ask("GET", path, as_=self.agent("lead", autonomy="LEAD")).status == 200
        assert self.ask("GET", path, as_=self.vera).status == 200
        self.refused(self.ask("GET", path, as_=self.charlie), 404, "NOT_FOUND")
        for query in ("", "?period=year", "?period=DAY"):
            self.refused(self.ask("GET", f"/stats/agents/jordan/costs{query}", as_=agent), 400, "VALIDATION_ERROR")


class FiguresTests(StatsTestCase):
    def test_one_agent_comes_with_its_figures_and_newest_runs(self):
        agent = self.agent("jordan", spend_today_microusd=450_000)
        done = int(self.new_task(assigneeIds=["jordan"])["id"].removeprefix("task_"))
        Task.objects.filter(pk=done).update(status="DONE", completed_at=self.now)
        Brief.objects.filter(task=done).update(started_at=self.now - timedelta(minutes=2))
        begun = int(self.new_task(assigneeIds=["jordan"])["id"].removeprefix("task_"))
        Task.objects.filter(pk=begun).update(status="IN_PROGRESS")
        for n, status in enumerate(["COMPLETED", "FAILED", "TIMEOUT", "COMPLETED", "RUNNING", *["COMPLETED"] * 8]):
            self.run_of(agent, 0.01 * n, status=status)
        body = self.ask("GET", "/agents/jordan").body
        assert "currentTask" not in body
        stats = body["stats"]
        assert (stats["tasksCompleted"], stats["tasksInProgress"], stats["spendToday"]) == (1, 1, 0.45)
        assert round(stats["avgTaskDuration"]) == 120
        assert (stats["errorRate"], stats["spendThisWeek"]) == (0.1667, 0.78)
        assert len(body["recentRuns"]) == 10
        assert body["recentRuns"][0]["costUsd"] == 0.12

    def test_what_was_spent_counts_until_midnight(self):
        self.agent("jordan", spend_today_microusd=450_000, spend_reset_at=self.now - timedelta(seconds=1))
        body = self.ask("GET", "/agents/jordan").body
        assert (body["stats"]["spendToday"], body["agent"]["spendToday"]) == (0, 0)
        assert body["agent"]["spendResetAt"] == next_midnight(self.now).strftime("%Y-%m-%dT%H:%M:%SZ")
        assert datetime.fromisoformat(body["agent"]["spendResetAt"]) - self.now <= timedelta(hours=25)

    def test_who_has_done_nothing_has_no_average(self):
        self.agent("jordan")
        stats = self.ask("GET", "/agents/jordan").body["stats"]
        assert (stats["avgTaskDuration"], stats["errorRate"], stats["tasksCompleted"]) == (None, 0, 0)


class CalendarTests(BaseTestCase):
    def test_days_begin_where_the_clock_says_and_weeks_on_monday(self):
        with self.settings(LOCAL_TIME_ZONE="Europe/Berlin"):
            # A Sunday evening in UTC, and in Berlin the Monday on which summer time has just begun.
            now = datetime(2026, 3, 29, 22, 30, tzinfo=UTC)
            assert start_of_day(now) == datetime(2026, 3, 29, 22, tzinfo=UTC)
            assert start_of_week(now) == datetime(2026, 3, 29, 22, tzinfo=UTC)
            assert start_of_month(now) == datetime(2026, 2, 28, 23, tzinfo=UTC)
            assert next_midnight(datetime(2026, 3, 29, 5, tzinfo=UTC)) == datetime(2026, 3, 29, 22, tzinfo=UTC)

    def test_what_is_no_time_zone_counts_as_unset(self):
        now = datetime(2026, 1, 5, 7, 59, tzinfo=UTC)
        for name in ("Mars/Olympus", "", "../../etc/passwd"):
            with self.settings(LOCAL_TIME_ZONE=name):
                assert start_of_day(now) == datetime(2026, 1, 4, 8, tzinfo=UTC)
