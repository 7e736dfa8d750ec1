"""One agent's page, what may be done with it, and its budgets: what the server answers to whom."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from activity.models import Event
from agents.models import Agent, Mandate
from core.actors import system
from core.money import MICRO
from governance.models import Approval, Policy
from governance.services.approving import Request, request_approval
from governance.services.booking import Report, report_run
from governance.services.controlling import control_agent
from tasks.models import Task
from tests.base import BaseTestCase
from tests.factories import make_agent, make_task

FRAGMENT = {"hx-request": "true"}


class AgentTestCase(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.client.force_login(self.bob)
        self.jordan = self.agent("jordan")

    def agent(self, name: str, **mandate: Any) -> Agent:
        agent = make_agent(name)
        Mandate.objects.create(agent=agent, **mandate)
        return agent

    @property
    def mandate(self) -> Mandate:
        return Mandate.objects.get(agent=self.jordan)

    def spends(self, dollars: float, agent: Agent | None = None, **fields: Any) -> None:
        agent = agent or self.jordan
        report = Report(
            session_key="s", model="claude-sonnet-4-5", started_at=self.now, status="COMPLETED",
            cost_microusd=round(dollars * MICRO), **fields,
        )  # fmt: skip
        report_run(agent=agent, report=report, actor=system(self.home.pk), now=self.now)

    def page(self, agent: Agent | None = None) -> str:
        answer = self.client.get(f"/agents/{(agent or self.jordan).pk}/")
        assert answer.status_code == 200
        return " ".join(answer.content.decode().split())

    def post(self, what: str, **sent: str) -> Any:
        return self.client.post(f"/agents/{self.jordan.pk}/{what}/", sent, headers=FRAGMENT)

    def form(self, action: str) -> str:
        answer = self.client.get(f"/agents/{self.jordan.pk}/control/", {"action": action}, headers=FRAGMENT)
        return " ".join(answer.content.decode().split())

    def stories(self) -> list[str]:
        rows = Event.objects.stories(self.home.pk).filter(agent_id=self.jordan.pk)
        return [f"{row.actor}: {row.description}" for row in rows.order_by("id")]


class AgentPageTests(AgentTestCase):
    def test_an_agent_of_which_nothing_is_known_yet(self) -> None:
        newcomer = make_agent("newcomer")
        page = self.page(newcomer)
        for words in (
            "newcomer", "specialist", "$5.00", "No task in hand", "It waits for no approval", "No runs today",
            "a person", "none of 3 that it may", "Last error</dt><dd class=\"last-error\">none",
        ):  # fmt: skip
            assert words in page, words
        assert not Mandate.objects.filter(agent=newcomer).exists()

    def test_all_that_an_operator_must_know(self) -> None:
        task = make_task("Write the guide", assigned_to="jordan")
        Task.objects.filter(pk=task.pk).update(status=Task.Status.IN_PROGRESS)
        child = self.agent("helper", parent=self.jordan, parent_task_id=task.pk, purpose="Look things up")
        request = Request(self.jordan, "TOOL_EXEC", "Push it", "RED", "It is ready")
        request_approval(request=request, actor=system(self.home.pk), now=self.now)
        self.spends(1.5)
        Mandate.objects.filter(agent=self.jordan).update(
            current_task_id=task.pk, error_streak=2, last_error="<b>Boom</b>", extra_microusd=MICRO
        )
        page = self.page()
        for words in (
            "Write the guide", task.ticket_ref, "helper", "2 of 5 before quarantine", "&lt;b&gt;Boom", "Push it",
            "claude-sonnet-4-5", "$1.50</b> of $6.00", "25 %", "$1.00 more granted", "$4.50 left", "over its cap",
            "$0.75 a run", "America/Los_Angeles",
        ):  # fmt: skip
            assert words in page, words
        assert "Look things up" in self.page(child)
        assert f'href="/agents/{self.jordan.pk}/"' in self.page(child)

    def test_a_day_that_is_over_counts_as_reset(self) -> None:
        Mandate.objects.filter(agent=self.jordan).update(
            spend_today_microusd=4 * MICRO, extra_microusd=MICRO, spend_reset_at=self.now - timedelta(minutes=1)
        )
        assert "$0.00</b> of $5.00" in self.page()

    def test_it_is_found_by_the_id_that_programs_know(self) -> None:
        assert self.client.get("/agents/jordan/")["Location"] == f"/agents/{self.jordan.pk}/"
        assert self.client.get("/agents/nobody/").status_code == 404

    def test_agents_of_other_workspaces_are_not_there(self) -> None:
        self.client.force_login(self.charlie)
        for path in ("", "control/?action=PAUSE", "budget/", "more/"):
            assert self.client.get(f"/agents/{self.jordan.pk}/{path}").status_code == 404
        assert self.client.get(f"/agents/{10**17}/").status_code == 404

    def test_the_number_of_questions_does_not_grow(self) -> None:
        def asked() -> int:
            self.client.get(f"/agents/{self.jordan.pk}/", headers=FRAGMENT)
            with CaptureQueriesContext(
                connection,
            ) as seen:
                self.client.get(f"/agents/{self.jordan.pk}/", headers=FRAGMENT)
            return len(seen)

        task = make_task("One", assigned_to="jordan")
        self.agent("first", parent=self.jordan)
        self.spends(0.1, task=task)
        before = asked()
        for number in range(5):
            self.agent(f"helper-{number}", parent=self.jordan)
            self.spends(0.1, task=make_task(f"Task {number}", assigned_to="jordan"))
        assert asked() == before <= 20


class ControlTests(AgentTestCase):
    def test_what_makes_no_sense_now_is_closed_and_says_why(self) -> None:
        page = self.page()
        assert f'id="do-PAUSE-{self.jordan.pk}" data-action="PAUSE" title=' in page
        assert 'data-action="RESUME" disabled title="It is not stopped."' in page
        self.post("control", action="QUARANTINE", reason="It deletes files")
        page = self.page()
        assert "Quarantined</strong>: It deletes files" in page
        assert 'data-action="PAUSE" disabled title="It is quarantined. Resume it first."' in page
        assert 'data-action="QUARANTINE" disabled title="It is quarantined already."' in page

    def test_it_is_done_by_the_service_of_the_api_with_its_one_story(self) -> None:
        answer = self.post("control", action="PAUSE", reason="Lunch", minutes="60")
        assert answer.content.decode() == "jordan is paused."
        mandate = self.mandate
        assert (mandate.control, mandate.status_reason) == ("PAUSED", "Lunch")
        assert mandate.status_until is not None
        assert timedelta(minutes=59) < mandate.status_until - self.now <= timedelta(minutes=60)
        assert self.stories()[-1] == "bob: jordan is paused now"
        again = self.post("control", action="PAUSE")
        assert again.status_code == 409
        assert again.content.decode() == "Nothing was changed. It is paused already."
        assert self.post("control", action="RESUME").content.decode() == "jordan is active again."
        assert [story for story in self.stories() if "jordan is" in story] == [
            "bob: jordan is paused now", "bob: jordan is active now"
        ]  # fmt: skip

    def test_the_form_tells_how_many_tasks_it_will_change(self) -> None:
        for number, status in enumerate(("ASSIGNED", "ASSIGNED", "IN_PROGRESS")):
            task = make_task(f"Task {number}", assigned_to="jordan")
            Task.objects.filter(pk=task.pk).update(status=status)
        request = Request(self.jordan, "TOOL_EXEC", "Push it", "RED", "It is ready")
        request_approval(request=request, actor=system(self.home.pk), now=self.now)
        drain = self.form("DRAIN")
        assert "2 tasks not begun will go to other assignees, or back to the inbox." in drain
        assert "1 task in progress will stay with it." in drain
        quarantine = self.form("QUARANTINE")
        assert "3 tasks will be blocked" in quarantine
        assert "1 request for approval will be withdrawn." in quarantine
        assert self.post("control", action="QUARANTINE").content.decode() == "jordan is in quarantine, 3 tasks changed."
        assert Task.objects.filter(status=Task.Status.BLOCKED).count() == 3

    def test_a_restart_is_asked_for_once(self) -> None:
        assert self.post("control", action="RESTART").content.decode() == "jordan is asked to restart."
        assert "Asked to restart" in self.page()
        assert self.post("control", action="RESTART").status_code == 409

    def test_a_viewer_is_told_who_may(self) -> None:
        self.client.force_login(self.vera)
        page = self.page()
        assert "Operators and administrators pause, resume" in page
        for control in ("data-action=", "data-form=", 'id="steering"'):
            assert control not in page
        assert "data-steer" not in self.client.get("/agents/").content.decode()
        for what in ("control", "budget", "more"):
            assert self.post(what, action="PAUSE", dollars="1").status_code == 403
        assert self.mandate.control == "ACTIVE"

    def test_nonsense_is_refused_in_words(self) -> None:
        assert self.post("control", action="EXPLODE").status_code == 400
        assert self.post("control", action="PAUSE", reason="x" * 501).status_code == 400
        assert self.post("control", action="PAUSE", reason="a\0b").status_code == 200
        assert self.mandate.status_reason == "ab"

    def test_the_fleet_shows_who_was_stopped_and_why(self) -> None:
        control_agent(agent=self.jordan, action="DRAIN", actor=self.bob.as_actor(), now=self.now, reason="Moves away")
        answer = self.client.get("/agents/?state=stopped")
        assert [strip.agent.name for strip in answer.context["strips"]] == ["jordan"]
        assert answer.context["tally"]["stopped"] == 1
        for words in ("drained", "Moves away", 'data-doings="PAUSE RESUME QUARANTINE RESTART"'):
            assert words in answer.content.decode(), words


class BudgetTests(AgentTestCase):
    def test_budgets_are_set_and_told(self) -> None:
        assert self.post("budget", daily="8.50", per_run="0.125").status_code == 200
        assert (self.mandate.budget_daily_microusd, self.mandate.budget_per_run_microusd) == (8_500_000, 125_000)
        assert self.stories()[-1] == "bob: jordan may spend 8.50 USD a day and 0.125 USD a run now"
        assert 'value="0.125"' in self.client.get(f"/agents/{self.jordan.pk}/budget/").content.decode()
        told = len(self.stories())
        assert "as it was" in self.post("budget", daily="8.5", per_run="0.125").content.decode()
        assert len(self.stories()) == told
        self.post("budget", daily="", per_run="")
        assert (self.mandate.budget_daily_microusd, self.mandate.budget_per_run_microusd) == (None, None)

    def test_an_amount_is_an_amount(self) -> None:
        for wrong in ("much", "-1", "nan", "inf", "1e40", "2000000000"):
            assert self.post("budget", daily=wrong).status_code == 400, wrong
            assert self.post("more", dollars=wrong).status_code == 400, wrong
        assert self.post("more", dollars="0").status_code == 400
        assert self.mandate.budget_daily_microusd is None

    def test_a_higher_budget_ends_the_pause_for_money(self) -> None:
        self.spends(6)
        assert "budget used up" in self.page()
        self.post("budget", daily="10", per_run="")
        assert self.mandate.control == "ACTIVE"

    def test_what_the_agent_asked_for_is_decided_instead(self) -> None:
        self.spends(6)
        asked = Approval.objects.get(requestor=self.jordan)
        refused = self.post("more", dollars="3")
        assert refused.status_code == 409
        assert f"Decide APPR-{asked.pk}" in refused.content.decode()
        form = self.client.get(f"/agents/{self.jordan.pk}/more/").content.decode()
        assert f'action="/approvals/{asked.pk}/decide/"' in form

    def test_a_request_that_names_no_amount_is_for_half_a_day(self) -> None:
        request = Request(self.jordan, "BUDGET_OVERRIDE", "More", "YELLOW", "It is late")
        request_approval(request=request, actor=system(self.home.pk), now=self.now)
        assert "grants $2.50 for today." in self.client.get(f"/agents/{self.jordan.pk}/more/").content.decode()

    def test_more_for_today_is_kept_as_an_approval(self) -> None:
        self.spends(4.9)
        answer = self.post("more", dollars="2.50", reason="The launch is today")
        assert answer.content.decode() == "jordan may spend $2.50 more today. It goes on."
        kept = Approval.objects.get(requestor=self.jordan)
        assert (kept.status, kept.decided_by, kept.decision_reason) == (
            "APPROVED", f"user:{self.bob.pk}", "The launch is today"
        )  # fmt: skip
        assert self.mandate.extra_microusd == 2_500_000
        assert "$2.50 more granted" in self.page()

    def test_who_has_used_most_comes_first(self) -> None:
        Policy.objects.create(
            workspace=self.home, name="p", version=1, budget_defaults={"INTERN": {"daily": 0.5}}, created_by="x",
            created_at=self.now,
        )  # fmt: skip
        Policy.objects.create(
            workspace=self.home, name="own", version=1, scope_type="AGENT", scope_id="rich", created_by="x",
            budget_defaults={"SPECIALIST": {"daily": 100}}, created_at=self.now,
        )  # fmt: skip
        for name, dollars, mandate in (
            ("rich", 9, {}), ("intern", 0.45, {"autonomy": "INTERN"}), ("own", 3, {"budget_daily_microusd": 3 * MICRO}),
        ):  # fmt: skip
            self.agent(name, **mandate)
            Mandate.objects.filter(agent__name=name).update(spend_today_microusd=round(dollars * MICRO))
        make_agent("unbudgeted")
        lines = self.client.get("/costs/budgets/").context["budgets"]
        found = [(line.agent.name, line.use.percent, line.sign.word) for line in lines]
        assert found == [
            ("own", 100, "used up"), ("intern", 90, "over 80 %"), ("rich", 9, "within"), ("jordan", 0, "within")
        ]  # fmt: skip

    def test_each_is_found_at_once_however_many_there_are(self) -> None:
        def asked() -> int:
            with CaptureQueriesContext(connection) as seen:
                self.client.get("/costs/budgets/", headers=FRAGMENT)
            return len(seen)

        self.client.get("/costs/budgets/", headers=FRAGMENT)
        before = asked()
        for number in range(8):
            self.agent(f"agent-{number}")
        assert asked() == before <= 8

    def test_another_workspace_sees_nothing_of_it(self) -> None:
        self.client.force_login(self.charlie)
        assert "No agent has a budget yet" in self.client.get("/costs/").content.decode()
