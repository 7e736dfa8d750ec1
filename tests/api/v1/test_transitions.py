"""How tasks move: scenarios 6 to 8 and 11 to 15 of the contract, and who may do what."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from agents.models import Mandate
from governance.models import Policy
from tasks.models import Task, Transition
from tests.api.v1.moving import CHECKLIST, DELIVERABLE, PLAN, MovingTestCase


class ScenarioTests(MovingTestCase):
    def test_a_plan_of_two_bullets_is_refused(self):
        task = self.given()
        answer = self.move(task, "IN_PROGRESS", as_=self.jordan, workPlan={"bullets": ["a", "b"]})
        error = self.refused(answer, 400, "VALIDATION_ERROR")
        assert answer.body["success"] is False
        assert [line["field"] for line in answer.body["errors"]] == ["workPlan.bullets"]
        assert answer.body["allowedTransitions"] == ["INBOX", "IN_PROGRESS", "NEEDS_APPROVAL"]
        assert error["details"]["currentStatus"] == "ASSIGNED"
        assert error["details"]["allowedTransitions"] == answer.body["allowedTransitions"]

    def test_starting_once_whatever_is_sent_twice(self):
        task = self.given()
        first = self.move(task, "IN_PROGRESS", as_=self.jordan, workPlan=PLAN, key="k1")
        again = self.move(task, "IN_PROGRESS", as_=self.jordan, workPlan=PLAN, key="k1")
        assert first.status == again.status == 200
        assert again.body == first.body
        assert again.headers["X-Idempotent-Replay"] == "true"
        moves = self.ask("GET", f"/tasks/{task['id']}/transitions").body["transitions"]
        assert [move["toStatus"] for move in moves] == ["INBOX", "ASSIGNED", "IN_PROGRESS"]
        other = self.move(task, "IN_PROGRESS", as_=self.jordan, workPlan=PLAN, reason="x", key="k1")
        self.refused(other, 409, "IDEMPOTENCY_CONFLICT")

    def test_handing_in_needs_a_checklist(self):
        answer = self.move(self.begun(), "REVIEW", as_=self.jordan, deliverable=DELIVERABLE)
        self.refused(answer, 400, "VALIDATION_ERROR")
        assert [line["field"] for line in answer.body["errors"]] == ["reviewChecklist"]

    def test_handing_in(self):
        task = self.handed_in()
        assert task["status"] == "REVIEW"
        assert task["costSummary"] == {"totalCost": 0.0, "runCount": 0, "tokenCount": 0}
        assert task["submittedAt"]

    def test_no_agent_completes_a_task(self):
        answer = self.move(self.handed_in(), "DONE", as_=self.jordan)
        self.refused(answer, 403, "POLICY_VIOLATION")
        assert answer.body["errors"][0]["field"] == "actor"

    def test_the_fourth_return_stops_the_task(self):
        task = self.handed_in()
        for n in range(4):
            body = self.moved(task, "IN_PROGRESS", reason=f"Round {n}")
            if n < 3:
                self.moved(task, "REVIEW", as_=self.jordan, reviewChecklist=CHECKLIST)
        assert (body["task"]["status"], body["task"]["reviewCycles"]) == ("BLOCKED", 4)
        assert body["transition"]["toStatus"] == "IN_PROGRESS"
        assert body["loop"]["type"] == "REVIEW_CYCLES"
        found = self.ask("GET", f"/tasks/{task['id']}").body
        summary = next(message for message in found["messages"] if message["id"] == body["loop"]["messageId"])
        assert summary["artifacts"][0]["name"] == "loop-summary-review_cycles.md"
        assert found["task"]["blockedReason"]
        alerts = self.ask("GET", "/alerts").body["alerts"]
        assert [(alert["type"], alert["taskId"]) for alert in alerts] == [("LOOP_DETECTED", task["id"])]

    def test_a_person_completes_it(self):
        task = self.moved(self.handed_in(), "DONE", reason="Well done")["task"]
        assert task["status"] == "DONE"
        assert task["completion"]["approvedBy"]
        assert task["completion"]["decisionNote"] == "Well done"
        assert task["completedAt"]


class WhoTests(MovingTestCase):
    def forbidden(self, answer: Any, code: str = "FORBIDDEN") -> list[str]:
        self.refused(answer, 403, code)
        assert answer.body["success"] is False
        assert [line["field"] for line in answer.body["errors"]] == ["actor"]
        return answer.body["allowedTransitions"]

    def test_the_work_of_another_is_left_alone(self):
        riley, lead = self.agent("riley"), self.agent("lead", autonomy="LEAD")
        task = self.given()
        assert self.forbidden(self.move(task, "IN_PROGRESS", as_=riley, workPlan=PLAN)) == []
        assert self.forbidden(self.move(task, "IN_PROGRESS", as_=lead, workPlan=PLAN)) == ["INBOX"]
        self.forbidden(self.move(self.begun(), "REVIEW", as_=riley))

    def test_interns_work_and_decide_nothing(self):
        kit = self.agent("kit", autonomy="INTERN")
        task = self.given(kit)
        self.forbidden(self.move(task, "INBOX", as_=kit))
        self.moved(task, "IN_PROGRESS", as_=kit, workPlan=PLAN)
        assert self.forbidden(self.move(task, "BLOCKED", as_=kit, reason="x")) == ["REVIEW", "NEEDS_APPROVAL"]
        self.moved(task, "REVIEW", as_=kit, deliverable=DELIVERABLE, reviewChecklist=CHECKLIST)
        self.forbidden(self.move(task, "DONE", as_=kit), "POLICY_VIOLATION")

    def test_no_agent_cancels(self):
        lead = self.agent("lead", autonomy="LEAD")
        self.forbidden(self.move(self.given(lead), "CANCELED", as_=lead))
        self.refused(self.move(self.given(), "CANCELED", as_=self.vera), 403, "FORBIDDEN")

    def test_claiming_by_a_move(self):
        task = self.new_task()
        answer = self.move(task, "ASSIGNED", as_=self.jordan)
        self.refused(answer, 400, "VALIDATION_ERROR")
        assert answer.body["errors"][0]["field"] == "assigneeIds"
        riley = self.agent("riley")
        self.forbidden(self.move(task, "ASSIGNED", as_=self.jordan, assigneeIds=["riley"]))
        assert self.moved(task, "ASSIGNED", as_=self.jordan, assigneeIds=["jordan"])["task"]["assigneeIds"] == [
            "jordan"
        ]
        self.refused(self.move(task, "ASSIGNED", as_=riley, assigneeIds=["riley"]), 400, "INVALID_TRANSITION")

    def test_giving_and_starting_at_once(self):
        body = self.moved(self.given(), "IN_PROGRESS", workPlan=PLAN, assigneeIds=[self.agent("riley").slug])
        assert (body["task"]["assigneeIds"], body["task"]["status"]) == (["riley"], "IN_PROGRESS")

    def test_naming_oneself_sends_nobody_away(self):
        self.agent("riley")
        task = self.new_task(assigneeIds=["jordan", "riley"])
        body = self.moved(task, "IN_PROGRESS", as_=self.jordan, workPlan=PLAN, assigneeIds=["jordan"])
        assert body["task"]["assigneeIds"] == ["jordan", "riley"]

    def test_who_is_paused_takes_begins_and_hands_in_nothing(self):
        task, working = self.given(), self.begun()
        Mandate.objects.filter(agent=self.jordan).update(control="PAUSED")
        self.forbidden(self.move(task, "IN_PROGRESS", as_=self.jordan, workPlan=PLAN), "AGENT_PAUSED")
        allowed = self.forbidden(self.move(working, "REVIEW", as_=self.jordan), "AGENT_PAUSED")
        assert allowed == ["NEEDS_APPROVAL", "BLOCKED"]
        self.moved(working, "BLOCKED", as_=self.jordan, reason="I was paused")

    def test_who_is_drained_finishes_what_it_has_begun(self):
        working = self.begun()
        task = self.given()
        Mandate.objects.filter(agent=self.jordan).update(control="DRAINED")
        self.forbidden(self.move(task, "IN_PROGRESS", as_=self.jordan, workPlan=PLAN), "AGENT_PAUSED")
        self.moved(working, "REVIEW", as_=self.jordan, deliverable=DELIVERABLE, reviewChecklist=CHECKLIST)

    def test_reviewers_and_other_leads_send_back(self):
        riley, lead = self.agent("riley"), self.agent("lead", autonomy="LEAD")
        task = self.handed_in()
        self.forbidden(self.move(task, "IN_PROGRESS", as_=riley, reason="More"))
        self.ask("PATCH", f"/tasks/{task['id']}", {"reviewerId": "riley"})
        self.moved(task, "IN_PROGRESS", as_=riley, reason="More")
        self.moved(task, "REVIEW", as_=self.jordan, reviewChecklist=CHECKLIST)
        assert self.moved(task, "IN_PROGRESS", as_=lead, reason="Yet more")["task"]["reviewCycles"] == 2
        own = self.given(lead)
        self.moved(own, "IN_PROGRESS", as_=lead, workPlan=PLAN)
        self.moved(own, "REVIEW", as_=lead, deliverable=DELIVERABLE, reviewChecklist=CHECKLIST)
        self.forbidden(self.move(own, "IN_PROGRESS", as_=lead, reason="x"))

    def test_a_lead_completes_with_leave_and_where_the_policy_says_so(self):
        lead, task = self.agent("lead", autonomy="LEAD"), self.handed_in()
        self.forbidden(self.move(task, "DONE", as_=lead), "POLICY_VIOLATION")
        Policy.objects.create(
            workspace_id=self.home.pk, version=1, name="p", scope_type="GLOBAL", rules={"leadMayComplete": True},
            active=True, created_by="x", created_at=self.now,
        )  # fmt: skip
        answer = self.move(task, "DONE", as_=lead)
        self.refused(answer, 400, "VALIDATION_ERROR")
        assert [line["field"] for line in answer.body["errors"]] == ["approval"]
        wanted = {
            "taskId": task["id"], "actionType": "STATE_TRANSITION", "actionSummary": "End it", "riskLevel": "YELLOW",
            "justification": "It is good",
        }  # fmt: skip
        approval = self.ask("POST", "/approvals", wanted, as_=lead).body["approval"]
        self.ask("POST", f"/approvals/{approval['id']}/decide", {"decision": "APPROVED", "reason": "Yes"})
        done = self.moved(task, "DONE", as_=lead)["task"]
        assert (done["completion"]["approvalId"], done["completion"]["decisionNote"]) == (approval["id"], "Yes")


class EdgeTests(MovingTestCase):
    def test_moves_that_there_are_not(self):
        task = self.new_task()
        for to in ("IN_PROGRESS", "REVIEW", "DONE", "INBOX"):
            answer = self.move(task, to)
            error = self.refused(answer, 400, "INVALID_TRANSITION")
            assert [line["field"] for line in answer.body["errors"]] == ["toStatus"]
            assert error["details"]["currentStatus"] == "INBOX"
            assert answer.body["allowedTransitions"] == ["ASSIGNED", "NEEDS_APPROVAL", "BLOCKED", "CANCELED"]

    def test_what_is_no_status(self):
        for to in ("done", "FAILED", 7, None):
            answer = self.move(self.new_task(), to)
            self.refused(answer, 400, "VALIDATION_ERROR")
            assert answer.body["success"] is False
            assert answer.body["errors"][0]["field"] == "toStatus"
        self.refused(self.move({"id": "task_99999"}, "DONE"), 404, "NOT_FOUND")

    def test_a_task_that_is_over_stays_so(self):
        task = self.moved(self.new_task(), "CANCELED")["task"]
        assert (task["status"], bool(task["completedAt"])) == ("CANCELED", True)
        answer = self.move(task, "ASSIGNED", assigneeIds=["jordan"])
        self.refused(answer, 400, "INVALID_TRANSITION")
        assert answer.body["allowedTransitions"] == []

    def test_the_same_again_is_the_same(self):
        task = self.given()
        first = self.moved(task, "IN_PROGRESS", as_=self.jordan, workPlan=PLAN)
        again = self.moved(task, "IN_PROGRESS", as_=self.jordan, workPlan=PLAN, reason="again")
        assert again["transition"] == first["transition"]
        self.refused(self.move(task, "IN_PROGRESS", workPlan=PLAN), 400, "INVALID_TRANSITION")
        Transition.objects.update(at=timezone.now() - timedelta(minutes=6))
        self.refused(self.move(task, "IN_PROGRESS", as_=self.jordan, workPlan=PLAN), 400, "INVALID_TRANSITION")

    def test_everything_that_lacks_is_told_at_once(self):
        answer = self.move(self.begun(), "REVIEW", as_=self.jordan, deliverable={"content": " "}, reviewChecklist=[])
        self.refused(answer, 400, "VALIDATION_ERROR")
        assert [line["field"] for line in answer.body["errors"]] == ["deliverable.content", "reviewChecklist"]

    def test_the_checklist_is_of_the_tasks_kind(self):
        body = {"deliverable": DELIVERABLE, "reviewChecklist": {**CHECKLIST, "type": "RESEARCH"}}
        answer = self.move(self.begun(), "REVIEW", as_=self.jordan, **body)
        assert answer.body["errors"][0]["field"] == "reviewChecklist.type"
        task = self.given(type="SEO_RESEARCH")
        self.moved(task, "IN_PROGRESS", as_=self.jordan, workPlan=PLAN)
        self.moved(task, "REVIEW", as_=self.jordan, **body)

    def test_what_is_stored_need_not_be_sent(self):
        task = self.given()
        self.ask("PATCH", f"/tasks/{task['id']}", {"workPlan": PLAN, "deliverable": DELIVERABLE}, as_=self.jordan)
        self.moved(task, "IN_PROGRESS", as_=self.jordan)
        self.moved(task, "REVIEW", as_=self.jordan, reviewChecklist=CHECKLIST)

    def test_warnings_keep_nothing_back(self):
        plan = {**PLAN, "dependencies": [self.new_task()["id"], "task_99999", "x"]}
        task = self.given()
        assert len(self.moved(task, "IN_PROGRESS", as_=self.jordan, workPlan=plan)["warnings"]) == 2
        items = [{"label": "a", "checked": False}, {"label": "b", "checked": False, "note": "later"}]
        body = {"deliverable": DELIVERABLE, "reviewChecklist": {"type": "DOCS", "items": items}}
        assert len(self.moved(task, "REVIEW", as_=self.jordan, **body)["warnings"]) == 1

    def test_statuses_of_the_other_dialect_move_as_they_are_shown(self):
        task = self.handed_in()
        number = int(task["id"].removeprefix("task_"))
        Task.objects.filter(pk=number).update(status="QUALITY_REVIEW")
        assert self.moved(task, "IN_PROGRESS", reason="More")["transition"]["fromStatus"] == "REVIEW"
        Task.objects.filter(pk=number).update(status="FAILED")
        assert self.moved(task, "IN_PROGRESS")["transition"]["fromStatus"] == "BLOCKED"
