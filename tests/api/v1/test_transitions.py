"""How tasks move: scenarios 6 to 8 and 11 to 15 of the contract, and who may do what."""

from __future__ import annotations

from typing import Any

from agents.models import Agent
from tests.api.v1.base import V1ApiTestCase

PLAN = {"bullets": ["Read", "Write", "Check", "Send"], "estimatedCost": 0.5}
CHECKLIST = {"type": "DOCS", "items": [{"label": "Read twice", "checked": True}]}
DELIVERABLE = {"content": "# The guide", "summary": "Short"}


class MovingTestCase(V1ApiTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.jordan = self.agent("jordan")

    def move(self, task: dict[str, Any], to: str, *, as_: Any = None, key: str = "", **fields: Any) -> Any:
        headers = {"x_idempotency_key": key} if key else {}
        path = f"/tasks/{task['id']}/transition"
        return self.ask("POST", path, {"toStatus": to, **fields}, as_=as_ or self.bob, **headers)

    def moved(self, task: dict[str, Any], to: str, **rest: Any) -> dict[str, Any]:
        answer = self.move(task, to, **rest)
        assert answer.status == 200, answer.raw
        assert answer.body["success"] is True
        return answer.body

    def given(self, agent: Agent | None = None, **fields: Any) -> dict[str, Any]:
        return self.new_task(assigneeIds=[(agent or self.jordan).slug], **fields)

    def begun(self) -> dict[str, Any]:
        return self.moved(self.given(), "IN_PROGRESS", as_=self.jordan, workPlan=PLAN)["task"]

    def handed_in(self) -> dict[str, Any]:
        task = self.begun()
        body = {"deliverable": DELIVERABLE, "reviewChecklist": CHECKLIST}
        return self.moved(task, "REVIEW", as_=self.jordan, **body)["task"]


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
        assert task["completion"]["approvedBy"] == f"user_{self.bob.pk}" or task["completion"]["approvedBy"]
        assert task["completion"]["decisionNote"] == "Well done"
        assert task["completedAt"]
