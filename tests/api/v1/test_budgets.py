from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from agents.models import Mandate
from core.actors import system
from governance.days import next_midnight
from governance.models import Alert, Approval
from governance.services.allowances import release
from governance.services.budgets import watch_budgets
from governance.services.policies import publish_policy
from notifications.models import Notification
from tasks.models import Task
from tests.api.v1.base import V1ApiTestCase
from tokens.models import Run


class BudgetTestCase(V1ApiTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.jordan = self.agent("jordan", budget_daily_microusd=1_000_000, budget_per_run_microusd=10_000_000)
        self.task = self.new_task(assigneeIds=["jordan"])
        Task.objects.update(status="IN_PROGRESS")

    def spend(self, dollars: float, **fields: Any) -> dict[str, Any]:
        body = {
            "agentId": "jordan", "sessionKey": "s", "model": "m", "status": "COMPLETED", "costUsd": dollars,
            "taskId": self.task["id"], "startedAt": (timezone.now() - timedelta(minutes=1)).isoformat(), **fields,
        }  # fmt: skip
        answer = self.ask("POST", "/events/run", {k: v for k, v in body.items() if v is not None}, as_=self.jordan)
        assert answer.status == 201, answer.raw
        return answer.body

    def decide(self, decision: str) -> dict[str, Any]:
        id = Approval.objects.get(status="PENDING").pk
        answer = self.ask("POST", f"/approvals/approval_{id}/decide", {"decision": decision})
        assert answer.status == 200, answer.raw
        return answer.body

    @property
    def mandate(self) -> Mandate:
        return Mandate.objects.select_related("agent").get(agent=self.jordan)

    def status(self) -> str:
        return self.ask("GET", f"/tasks/{self.task['id']}").body["task"]["status"]

    def alerts(self) -> dict[str, str]:
        return dict(Alert.objects.values_list("type", "severity"))


class LimitTests(BudgetTestCase):
    def test_warnings_on_the_way(self):
        assert "budgetWarning" not in self.spend(0.79)
        warned = self.spend(0.02)["budgetWarning"]
        assert (warned["type"], warned["remaining"]) == ("APPROACHING_LIMIT", 0.19)
        assert warned["message"]
        assert self.alerts() == {}
        self.spend(0.01)
        assert self.heard().count("budget.warning") == 1
        told = self.ask("GET", "/events/timeline?action=BUDGET_WARNING&agentId=jordan").body["activities"]
        assert [row["metadata"]["level"] for row in told] == [80]
        self.spend(0.13), self.spend(0.01)
        assert self.alerts() == {"BUDGET_CRITICAL": "WARNING"}
        assert Alert.objects.get().metadata["count"] == 1
        assert (self.mandate.control, self.status()) == ("ACTIVE", "IN_PROGRESS")

    def test_at_the_limit_the_agent_stops_and_asks_for_more(self):
        self.spend(0.4)
        warned = self.spend(0.7)["budgetWarning"]
        assert (warned["type"], warned["remaining"]) == ("EXCEEDED", -0.1)
        assert (self.mandate.control, self.mandate.status_reason) == ("PAUSED", "BUDGET")
        assert self.status() == "NEEDS_APPROVAL"
        [asked] = self.ask("GET", "/approvals").body["approvals"]
        assert (asked["actionType"], asked["riskLevel"], asked["estimatedCost"], asked["requestorAgentId"]) == (
            "BUDGET_OVERRIDE", "YELLOW", 0.5, "jordan",
        )  # fmt: skip
        assert asked["taskId"] == self.task["id"]
        assert self.alerts() == {"BUDGET_EXCEEDED": "ERROR"}
        assert Alert.objects.get().metadata["lastRunCosts"] == [0.7, 0.4]
        told = Notification.objects.filter(recipient="alice").values_list("type", flat=True)
        assert sorted(told) == ["alert", "approval_request"]
        assert "budget.exceeded" in self.heard()

    def test_further_costs_are_booked_and_change_nothing_more(self):
        self.spend(1), self.spend(1)
        assert self.mandate.spend_today_microusd == 2_000_000
        assert Approval.objects.count() == 1
        assert Alert.objects.get().metadata["count"] == 1

    def test_approved_it_may_spend_more_today_and_goes_on(self):
        self.spend(1.2)
        assert self.decide("APPROVED")["task"]["status"] == "IN_PROGRESS"
        assert (self.mandate.control, self.mandate.extra_microusd) == ("ACTIVE", 500_000)
        warned = self.spend(0.1)["budgetWarning"]
        assert (warned["type"], warned["remaining"]) == ("APPROACHING_LIMIT", 0.2)
        self.spend(0.2)
        assert self.mandate.control == "PAUSED"
        assert Approval.objects.filter(status="PENDING").count() == 1

    def test_granted_too_little_it_stays_where_it_is(self):
        self.spend(3)
        self.decide("APPROVED")
        assert self.mandate.control == "PAUSED"

    def test_denied_the_task_is_blocked(self):
        self.spend(1)
        assert self.decide("DENIED")["task"]["status"] == "BLOCKED"
        assert self.mandate.control == "PAUSED"

    def test_without_a_task_there_is_an_approval_all_the_same(self):
        self.spend(1, taskId=None)
        assert Approval.objects.get().task_id is None
        assert self.status() == "IN_PROGRESS"

    def test_the_task_that_it_is_at_is_the_one_that_waits(self):
        Mandate.objects.update(current_task_id=int(self.task["id"].removeprefix("task_")))
        self.spend(1, taskId=None)
        assert self.status() == "NEEDS_APPROVAL"

    def test_a_blocked_or_finished_task_stays_as_it_is(self):
        for status in ("BLOCKED", "DONE"):
            with self.subTest(status=status):
                Task.objects.update(status=status)
                Mandate.objects.update(control="ACTIVE", status_reason=None, spend_today_microusd=0)
                Approval.objects.all().delete()
                self.spend(1)
                assert self.status() == status
                assert (Approval.objects.get().task_id is None) == (status == "DONE")

    def test_two_agents_over_their_limits_on_one_task_each_ask(self):
        self.agent("riley", budget_daily_microusd=1_000_000, budget_per_run_microusd=10_000_000)
        self.spend(1)
        body = {"agentId": "riley", "sessionKey": "s", "model": "m", "status": "COMPLETED", "costUsd": 1,
                "taskId": self.task["id"], "startedAt": timezone.now().isoformat()}  # fmt: skip
        assert self.ask("POST", "/events/run", body).status == 201
        asked = Approval.objects.order_by("id").values_list("requestor__slug", "task_id")
        assert list(asked) == [("jordan", int(self.task["id"].removeprefix("task_"))), ("riley", None)]

    def test_a_run_above_its_cap_is_told_of(self):
        Mandate.objects.update(budget_daily_microusd=100_000_000, budget_per_run_microusd=500_000)
        run = self.spend(0.4, status="RUNNING")
        assert "budgetWarning" not in run
        for _ in range(2):
            answer = self.ask("PATCH", f"/events/run/{run['run']['id']}", {"costUsd": 0.6}, as_=self.jordan)
            assert answer.body["budgetWarning"]["type"] == "EXCEEDED"
        assert self.alerts() == {"RUN_BUDGET_EXCEEDED": "WARNING"}
        assert Alert.objects.get().metadata["count"] == 1
        assert self.mandate.control == "ACTIVE"

    def test_a_task_above_its_estimate_is_told_of_once_and_goes_on(self):
        Mandate.objects.update(budget_daily_microusd=100_000_000)
        self.spend(3)
        messages = self.ask("GET", f"/tasks/{self.task['id']}").body["messages"]
        assert messages == []
        self.spend(0.01), self.spend(0.01)
        messages = self.ask("GET", f"/tasks/{self.task['id']}").body["messages"]
        assert [(said["type"], said["authorAgentId"]) for said in messages] == [("COMMENT", None)]
        assert "3.01 USD" in messages[0]["content"]
        assert self.status() == "IN_PROGRESS"

    def test_a_higher_budget_releases_the_agent(self):
        self.spend(1)
        Mandate.objects.update(budget_daily_microusd=2_000_000)
        assert release(agent=self.jordan, actor=system(self.home.pk), now=timezone.now())
        assert self.mandate.control == "ACTIVE"


class NewDayTests(BudgetTestCase):
    def let_the_day_pass(self) -> None:
        Mandate.objects.update(spend_reset_at=timezone.now() - timedelta(seconds=1))

    def test_the_first_report_of_a_new_day_begins_at_nothing(self):
        self.spend(0.6)
        assert self.mandate.spend_reset_at == next_midnight(timezone.now())
        self.let_the_day_pass()
        assert "budgetWarning" not in self.spend(0.5)
        assert self.mandate.spend_today_microusd == 500_000
        assert self.mandate.spend_reset_at > timezone.now()

    def test_a_new_day_lets_those_go_on_who_were_stopped_for_money(self):
        self.spend(1.5)
        Mandate.objects.update(extra_microusd=100)
        self.let_the_day_pass()
        watch_budgets(now=timezone.now())
        mandate = self.mandate
        assert (mandate.control, mandate.spend_today_microusd, mandate.extra_microusd) == ("ACTIVE", 0, 0)
        assert Approval.objects.get().status == "CANCELED"
        assert self.status() == "IN_PROGRESS"
        watch_budgets(now=timezone.now())
        assert Approval.objects.count() == 1

    def test_whom_a_person_stopped_stays_stopped(self):
        self.spend(0.5)
        self.ask("POST", "/agents/jordan/control", {"action": "PAUSE", "reason": "holiday"})
        self.let_the_day_pass()
        watch_budgets(now=timezone.now())
        assert (self.mandate.control, self.mandate.spend_today_microusd) == ("PAUSED", 0)

    def test_the_watch_stops_whom_nobody_stopped(self):
        self.spend(0.5)
        Mandate.objects.update(budget_daily_microusd=400_000)
        watch_budgets(now=timezone.now())
        assert self.mandate.control == "PAUSED"
        assert Approval.objects.count() == 1

    def test_days_begin_at_midnight_of_the_place(self):
        noon = datetime(2026, 3, 7, 20, tzinfo=ZoneInfo("UTC"))
        assert next_midnight(noon) == datetime(2026, 3, 8, 8, tzinfo=ZoneInfo("UTC"))
        # The clocks go forward on that Sunday.
        assert next_midnight(noon + timedelta(days=1)) == datetime(2026, 3, 9, 7, tzinfo=ZoneInfo("UTC"))
        with self.settings(LOCAL_TIME_ZONE="Asia/Kolkata"):
            assert next_midnight(noon) == datetime(2026, 3, 8, 18, 30, tzinfo=ZoneInfo("UTC"))

    def test_a_correction_after_midnight_counts_on_the_new_day(self):
        run = self.spend(0.5)["run"]
        self.let_the_day_pass()
        self.ask("PATCH", f"/events/run/{run['id']}", {"costUsd": 0.7}, as_=self.jordan)
        assert self.mandate.spend_today_microusd == 200_000
        self.ask("PATCH", f"/events/run/{run['id']}", {"costUsd": 0}, as_=self.jordan)
        assert self.mandate.spend_today_microusd == 0
        assert Run.objects.get().cost_microusd == 0


class PrecedenceTests(BudgetTestCase):
    def test_the_agents_own_figure_goes_before_the_policys(self):
        publish_policy(
            actor=system(self.home.pk), now=timezone.now(), name="house",
            budget_defaults={"SPECIALIST": {"daily": 2, "perRun": 2}},
        )  # fmt: skip
        Mandate.objects.update(budget_daily_microusd=None, budget_per_run_microusd=None)
        assert self.spend(1.7)["budgetWarning"]["remaining"] == 0.3
        Mandate.objects.update(budget_daily_microusd=1_800_000)
        assert self.spend(0)["budgetWarning"]["remaining"] == 0.1
