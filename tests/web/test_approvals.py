"""The inbox of approvals, and what a task's page tells of plan, cost and approvals."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents.models import Mandate
from core.actors import system
from governance.models import Approval, Policy
from governance.services.approving import Request, request_approval
from governance.services.deciding import cancel, decide
from tasks.models import Brief, Task
from tests.base import BaseTestCase
from tests.factories import make_agent, make_task

FRAGMENT = {"hx-request": "true"}
STATUS = Approval.Status


class ApprovalTestCase(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.client.force_login(self.bob)
        self.jordan = make_agent("jordan")
        Mandate.objects.create(agent=self.jordan)

    def wants(self, summary: str = "Send the newsletter", **fields: Any) -> Approval:
        given = {"action_type": "TOOL_EXEC", "risk": "YELLOW", "justification": "The campaign starts today", **fields}
        request = Request(requestor=self.jordan, summary=summary, **given)
        return request_approval(request=request, actor=system(self.home.pk), now=self.now)[0]

    def page(self) -> str:
        return self.client.get("/approvals/").content.decode()

    def send(self, approval: Approval, decision: str = "APPROVED", reason: str = "") -> Any:
        sent = {"decision": decision, "reason": reason}
        return self.client.post(f"/approvals/{approval.pk}/decide/", sent, headers=FRAGMENT)


class InboxTests(ApprovalTestCase):
    def test_all_that_a_decision_needs_is_there(self) -> None:
        task = make_task("Write the guide", assigned_to="jordan")
        self.wants(
            task=task, payload={"tool": "mail", "to": ["<list>"]}, estimated_cost_microusd=2_500_000,
            rollback_plan="Send a correction", risk="RED",
        )  # fmt: skip
        page = self.page()
        for words in (
            "Send the newsletter", "jordan", "use of a tool", "red", "$2.50", "The campaign starts today",
            "Send a correction", task.ticket_ref, "Write the guide", "23 h left", "&quot;to&quot;", "&lt;list&gt;",
        ):  # fmt: skip
            assert words in page, words
        assert "<list>" not in page

    def test_the_soonest_to_expire_comes_first(self) -> None:
        for hours in (5, 1, 3):
            self.wants(f"In {hours} h", lasts=timedelta(hours=hours))
        page = self.client.get("/approvals/")
        assert [line.approval.action_summary for line in page.context["waiting"]] == ["In 1 h", "In 3 h", "In 5 h"]

    def test_the_navigation_tells_on_every_page_how_many_wait(self) -> None:
        assert 'id="approvals-waiting" hidden' in self.page()
        self.wants()
        late = self.wants("Too late")
        Approval.objects.filter(pk=late.pk).update(expires_at=self.now - timedelta(seconds=1))
        assert 'id="approvals-waiting"><b>1</b>' in self.client.get("/").content.decode()
        assert self.client.get("/figures/").json()["approvals"] == 1

    def test_an_empty_inbox_says_what_would_be_here(self) -> None:
        assert "Nothing waits for you" in self.page()

    def test_what_nobody_decided_in_time_is_shown_as_expired(self) -> None:
        late = self.wants()
        Approval.objects.filter(pk=late.pk).update(expires_at=self.now - timedelta(seconds=1))
        page = self.client.get("/approvals/")
        assert not page.context["waiting"]
        assert [line.sign.word for line in page.context["decided"]] == ["expired"]

    def test_another_workspace_sees_and_decides_nothing(self) -> None:
        approval = self.wants()
        self.client.force_login(self.charlie)
        assert "Send the newsletter" not in self.page()
        assert self.send(approval).status_code == 404
        approval.refresh_from_db()
        assert approval.is_pending

    def test_many_cost_no_more_queries_than_few(self) -> None:
        def queries() -> int:
            with CaptureQueriesContext(connection) as asked:
                self.page()
            return len(asked)

        self.wants()
        decide(approval=self.wants(), decision=STATUS.APPROVED, actor=self.alice.as_actor(), now=self.now)
        few = queries()
        for number in range(8):
            self.wants(f"Number {number}", task=make_task(f"Task {number}"))
            decide(approval=self.wants(), decision=STATUS.DENIED, actor=self.bob.as_actor(), now=self.now)
        assert queries() == few

    def test_pages_hear_of_approvals_as_stories(self) -> None:
        """What the stream of the pages knows them by: without it, no inbox is renewed."""
        self.send(self.wants())
        cancel(approval=self.wants("Another"), actor=self.bob.as_actor(), now=self.now)
        assert [type for type in self.told() if type.startswith("approval_")] == [
            "approval_requested", "approval_decided", "approval_requested", "approval_canceled",
        ]  # fmt: skip


class DecidingTests(ApprovalTestCase):
    def test_an_approval_lets_its_task_go_on_and_is_listed_below(self) -> None:
        task = make_task(assigned_to="jordan")
        before = task.status
        approval = self.wants(task=task)
        answer = self.send(approval, reason="Go")
        assert answer.status_code == 200
        assert not answer.context["waiting"]
        assert "<!DOCTYPE html>" not in answer.content.decode()
        line = answer.context["decided"][0]
        assert (line.sign.word, line.decider, line.approval.decision_reason) == ("approved", "Bob", "Go")
        task.refresh_from_db()
        assert task.status == before

    def test_a_denial_needs_a_reason_that_reaches_the_task(self) -> None:
        task = make_task(assigned_to="jordan")
        approval = self.wants(task=task)
        refused = self.send(approval, "DENIED", " \0 ")
        assert (refused.status_code, refused.content[:18]) == (400, b"Say why it is deni")
        assert self.send(approval, "DENIED", "Not before Monday").status_code == 200
        approval.refresh_from_db()
        assert (approval.status, approval.decision_reason) == (STATUS.DENIED, "Not before Monday")
        task.refresh_from_db()
        assert task.status == Task.Status.BLOCKED

    def test_whoever_is_slower_reads_who_decided_and_changes_nothing(self) -> None:
        approval = self.wants()
        decide(approval=approval, decision=STATUS.DENIED, actor=self.alice.as_actor(), now=self.now, reason="Too dear")
        answer = self.send(approval)
        assert answer.status_code == 409
        expected = "Alice denied it before you: Too dear. Your decision changed nothing."
        assert answer.content.decode() == expected
        approval.refresh_from_db()
        assert approval.status == STATUS.DENIED

    def test_too_late_is_said_as_such(self) -> None:
        late, gone = self.wants(), self.wants("Another")
        Approval.objects.filter(pk=late.pk).update(expires_at=self.now - timedelta(seconds=1))
        assert b"It expired before you decided." in self.send(late).content
        cancel(approval=gone, actor=system(self.home.pk), now=self.now)
        assert b"It was withdrawn before you decided." in self.send(gone).content

    def test_nonsense_is_refused_in_words(self) -> None:
        approval = self.wants()
        assert self.send(approval, "PENDING").status_code == 400
        assert self.send(approval, "DENIED", "x" * 2_001).status_code == 400
        assert (
            self.client.post("/approvals/999999/decide/", {"decision": "APPROVED"}, headers=FRAGMENT).status_code == 404
        )
        plain = self.client.post(f"/approvals/{approval.pk}/decide/", {"decision": "APPROVED"})
        assert (plain.status_code, plain["Location"]) == (302, "/approvals/")

    def test_a_viewer_reads_everything_and_decides_nothing(self) -> None:
        approval = self.wants(payload={"tool": "mail"})
        self.client.force_login(self.vera)
        page = self.page()
        assert "Send the newsletter" in page
        assert "Action payload" in page
        assert "request-form" not in page
        assert self.send(approval).status_code == 403
        approval.refresh_from_db()
        assert approval.is_pending

    def test_where_two_are_wanted_the_first_reads_that_another_must(self) -> None:
        Policy.objects.create(
            workspace=self.home, name="strict", version=1, rules={"redDualControl": True}, created_by="user:1",
            created_at=self.now,
        )  # fmt: skip
        approval = self.wants(risk="RED")
        mine = self.send(approval).content.decode()
        assert "You approved it. A second person must approve it as well." in mine
        assert 'value="APPROVED"' not in mine
        self.client.force_login(self.alice)
        assert "Bob approved it. A second person must" in self.page()
        assert self.send(approval).context["decided"][0].decider == "Alice"


class TaskOfAnAgentTests(ApprovalTestCase):
    def test_a_task_tells_plan_deliverable_checklist_approvals_and_cost(self) -> None:
        task = make_task(assigned_to="jordan")
        Brief.objects.create(
            task=task, reviewer=self.jordan, estimated_cost_microusd=2_000_000, actual_cost_microusd=500_000,
            work_plan={"bullets": ["Read", "Write <b>", "Check"], "estimatedDuration": "2h", "dependencies": []},
            deliverable={"summary": "A guide", "content": "# The guide", "artifacts": [{"name": "guide.md"}]},
            review_checklist={"type": "DOCS", "items": [{"label": "Links work", "checked": True, "note": "All 12"},
                                                        {"label": "Spelling", "checked": False}]},
        )  # fmt: skip
        approval = self.wants(task=task)
        page = self.client.get(f"/tasks/{task.pk}/").content.decode()
        for words in (
            "Approval requested: Send the newsletter", "Write &lt;b&gt;", "2h", "A guide", "# The guide", "guide.md",
            "Links work", "All 12", "Spelling", f"/tasks/{task.pk}/approvals/{approval.pk}/", "$0.50", "$2.00",
        ):  # fmt: skip
            assert words in page, words

    def test_a_task_that_nobody_planned_shows_none_of_it_and_reading_writes_nothing(self) -> None:
        task = make_task()
        page = self.client.get(f"/tasks/{task.pk}/").content.decode()
        assert 'data-key="plan"' not in page
        assert "data-move=" not in page
        assert not Brief.objects.exists()
