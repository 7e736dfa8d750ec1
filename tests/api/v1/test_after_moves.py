"""What a move brings along, and how tasks wait for approvals."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from activity.models import Event
from agents.models import Mandate
from notifications.models import Notification
from tasks.models import Brief
from tests.api.v1.moving import CHECKLIST, DELIVERABLE, PLAN, MovingTestCase


class EffectTests(MovingTestCase):
    def test_starting(self):
        body = self.moved(self.given(), "IN_PROGRESS", as_=self.jordan, workPlan=PLAN, sessionKey="s1", reason="Go")
        move = body["transition"]
        assert (move["sessionKey"], move["reason"], move["actorAgentId"]) == ("s1", "Go", "jordan")
        assert move["artifactsSnapshot"]["workPlan"]["bullets"] == PLAN["bullets"]
        said = self.ask("GET", f"/tasks/{body['task']['id']}").body["messages"]
        assert [(row["type"], row["authorAgentId"]) for row in said] == [("WORK_PLAN", "jordan")]
        assert said[0]["content"].startswith("1. Read")
        assert body["task"]["startedAt"]
        assert self.ask("GET", "/agents/jordan").body["agent"]["currentTaskId"] == body["task"]["id"]

    def test_handing_in_frees_the_agent_and_calls_the_reviewer(self):
        self.agent("riley")
        task = self.begun()
        self.ask("PATCH", f"/tasks/{task['id']}", {"reviewerId": "riley"})
        artifact = {"name": "guide.md", "type": "DELIVERABLE", "content": "# Guide"}
        body = {"deliverable": {**DELIVERABLE, "artifacts": [artifact]}, "reviewChecklist": CHECKLIST}
        shown = self.moved(task, "REVIEW", as_=self.jordan, **body)
        kept = shown["task"]["deliverable"]["artifacts"][0]
        assert (kept["documentId"] is not None, kept["content"]) == (True, "# Guide")
        assert shown["transition"]["artifactsSnapshot"]["deliverable"]["artifacts"][0]["content"] is None
        assert shown["task"]["reviewChecklist"]["completedBy"] == "jordan"
        assert self.ask("GET", "/agents/jordan").body["agent"]["currentTaskId"] is None
        told = Notification.objects.filter(type="status_change").values_list("recipient", flat=True)
        assert sorted(told) == ["alice", "riley"]

    def test_sending_back(self):
        task = self.handed_in()
        answer = self.move(task, "IN_PROGRESS")
        assert answer.body["errors"][0]["field"] == "reason"
        body = self.moved(task, "IN_PROGRESS", reason="Sources are missing")
        assert (body["task"]["reviewCycles"], body["task"]["reviewChecklist"]) == (1, None)
        said = self.ask("GET", f"/tasks/{task['id']}/messages?type=REVIEW").body["messages"]
        assert [row["content"] for row in said] == ["Sources are missing"]
        assert Notification.objects.filter(recipient="jordan", message__contains="Sources are missing").exists()

    def test_a_review_that_was_said_is_reason_enough(self):
        task = self.handed_in()
        Brief.objects.update(submitted_at=timezone.now() - timedelta(minutes=1))
        self.ask("POST", f"/tasks/{task['id']}/messages", {"type": "REVIEW", "content": "More"})
        self.moved(task, "IN_PROGRESS")

    def test_blocking_and_unblocking(self):
        task = self.begun()
        assert self.move(task, "BLOCKED", as_=self.jordan).body["errors"][0]["field"] == "reason"
        shown = self.moved(task, "BLOCKED", as_=self.jordan, reason="No access")["task"]
        assert shown["blockedReason"] == "No access"
        card = self.get(f"/api/tasks/{task['id'].removeprefix('task_')}").body["task"]
        assert card["status"] not in ("assigned", "in_progress")
        shown = self.moved(task, "IN_PROGRESS")["task"]
        assert shown["blockedReason"] is None
        self.moved(task, "BLOCKED", reason="Still none")
        self.put(f"/api/tasks/{task['id'].removeprefix('task_')}", {"status": "in_progress"})
        shown = self.ask("GET", f"/tasks/{task['id']}").body["task"]
        assert (shown["status"], shown["blockedReason"]) == ("IN_PROGRESS", None)

    def test_a_task_is_deleted_with_all_that_belongs_to_it(self):
        task = self.handed_in()
        self.ask("POST", f"/tasks/{task['id']}/messages", {
            "type": "ARTIFACT", "content": "x", "artifacts": [{"name": "a", "type": "REPORT", "content": "x"}],
        })  # fmt: skip
        assert self.delete(f"/api/tasks/{task['id'].removeprefix('task_')}").status == 200
        self.refused(self.ask("GET", f"/tasks/{task['id']}"), 404, "NOT_FOUND")
        assert not Brief.objects.exists()

    def test_three_more_rounds_once_a_person_has_looked(self):
        task = self.new_task(assigneeIds=["jordan"], metadata={"maxReviewCycles": 0})
        self.moved(task, "IN_PROGRESS", as_=self.jordan, workPlan=PLAN)
        self.moved(task, "REVIEW", as_=self.jordan, deliverable=DELIVERABLE, reviewChecklist=CHECKLIST)
        assert self.moved(task, "IN_PROGRESS", reason="No")["task"]["status"] == "BLOCKED"
        self.moved(task, "IN_PROGRESS", as_=self.alice)
        for n in range(4):
            self.moved(task, "REVIEW", as_=self.jordan, reviewChecklist=CHECKLIST)
            shown = self.moved(task, "IN_PROGRESS", reason=f"No {n}")["task"]
        assert (shown["reviewCycles"], shown["status"]) == (5, "BLOCKED")
        documents = self.ask("GET", f"/tasks/{task['id']}").body["documents"]
        assert [(row["name"], row["version"]) for row in documents] == [("loop-summary-review_cycles.md", 2)]

    def test_back_to_the_inbox_it_is_nobodys(self):
        shown = self.moved(self.given(), "INBOX", as_=self.jordan)["task"]
        assert (shown["status"], shown["assigneeIds"]) == ("INBOX", [])

    def test_helpers_end_with_their_task(self):
        task = self.handed_in()
        helper = self.agent("helper", parent_task_id=int(task["id"].removeprefix("task_")))
        token = self.token(helper)
        self.moved(task, "DONE")
        assert Mandate.objects.get(agent=helper).control == "OFFLINE"
        self.refused(self.ask("GET", "/tasks", as_=token), 401, "UNAUTHORIZED")

    def test_secrets_go_nowhere(self):
        secret = "ghp_" + "a1" * 18
        task = self.given()
        plan = {"bullets": [secret, "b", "c"]}
        body = self.moved(task, "IN_PROGRESS", as_=self.jordan, workPlan=plan, reason=f"with {secret}")
        assert secret not in str(body)
        assert body["task"]["redactedFields"] == ["workPlan"]
        assert secret not in str(list(Event.objects.values_list("data", flat=True)))

    def test_one_story_and_one_fact_of_each_move(self):
        task = self.given()
        before = (self.heard().count("task.transitioned"), self.told().count("task_updated"))
        self.moved(task, "IN_PROGRESS", as_=self.jordan, workPlan=PLAN)
        assert (self.heard().count("task.transitioned"), self.told().count("task_updated")) == (
            before[0] + 1, before[1] + 1,
        )  # fmt: skip


class ApprovalTests(MovingTestCase):
    def asked(self, task: dict[str, Any], **fields: Any) -> str:
        body = {
            "taskId": task["id"], "actionType": "TOOL_EXEC", "actionSummary": "Send it", "riskLevel": "RED",
            "justification": "Today", **fields,
        }  # fmt: skip
        return self.ask("POST", "/approvals", body, as_=self.jordan).body["approval"]["id"]

    def status(self, task: dict[str, Any]) -> tuple[str, str | None]:
        shown = self.ask("GET", f"/tasks/{task['id']}").body["task"]
        return shown["status"], shown["resumeStatus"]

    def test_an_agent_waits_for_an_approval_only(self):
        task = self.begun()
        answer = self.move(task, "NEEDS_APPROVAL", as_=self.jordan)
        self.refused(answer, 400, "VALIDATION_ERROR")
        assert answer.body["errors"][0]["field"] == "approval"

    def test_a_person_says_why(self):
        task = self.begun()
        assert self.move(task, "NEEDS_APPROVAL").body["errors"][0]["field"] == "reason"
        self.moved(task, "NEEDS_APPROVAL", reason="Legal must look")
        assert self.status(task) == ("NEEDS_APPROVAL", "IN_PROGRESS")
        self.refused(self.move(task, "IN_PROGRESS", as_=self.jordan), 403, "FORBIDDEN")
        self.moved(task, "IN_PROGRESS")
        assert self.status(task) == ("IN_PROGRESS", None)

    def test_a_person_who_moves_on_has_decided(self):
        task = self.begun()
        id = self.asked(task)
        assert self.status(task) == ("NEEDS_APPROVAL", "IN_PROGRESS")
        self.moved(task, "BLOCKED", reason="Not now")
        assert self.ask("GET", f"/approvals/{id}").body["status"] == "CANCELED"
        assert self.status(task) == ("BLOCKED", None)

    def test_leave_to_end_a_reviewed_task_ends_it(self):
        task = self.handed_in()
        payload = {"targetStatus": "DONE"}
        id = self.asked(task, actionType="STATE_TRANSITION", actionPayload=payload)
        self.ask("POST", f"/approvals/{id}/decide", {"decision": "APPROVED", "reason": "Good"})
        shown = self.ask("GET", f"/tasks/{task['id']}").body
        assert (shown["task"]["status"], shown["task"]["completion"]["approvalId"]) == ("DONE", id)
        assert [row["id"] for row in shown["approvals"]] == [id]

    def test_an_approved_task_goes_on_where_it_was(self):
        task = self.begun()
        id = self.asked(task)
        self.ask("POST", f"/approvals/{id}/decide", {"decision": "APPROVED"})
        assert self.status(task) == ("IN_PROGRESS", None)
