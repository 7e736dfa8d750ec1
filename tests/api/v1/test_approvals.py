from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.services import issue_token
from agents.models import Mandate
from core.actors import Role, system
from governance.models import Approval
from governance.services.by_system import move
from governance.services.deciding import expire_due
from notifications.models import Notification
from tasks.models import Brief, Task
from tests.api.v1.base import V1ApiTestCase

KEYS = {
    "id", "taskId", "toolCallId", "requestorAgentId", "actionType", "actionSummary", "riskLevel", "actionPayload",
    "estimatedCost", "rollbackPlan", "justification", "status", "decidedByAgentId", "decidedByUserId", "decidedAt",
    "decisionReason", "firstApproval", "expiresAt", "createdAt",
}  # fmt: skip
BODY = {
    "actionType": "TOOL_EXEC",
    "actionSummary": "Send the newsletter",
    "riskLevel": "YELLOW",
    "justification": "The campaign starts today",
}


class ApprovalTestCase(V1ApiTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.jordan = self.agent("jordan")
        self.task = self.new_task(assigneeIds=["jordan"])

    def work(self, status: str = "IN_PROGRESS") -> None:
        """The task as it is in the middle of the work."""
        Task.objects.filter(pk=self.task_id).update(status=status)

    @property
    def task_id(self) -> int:
        return int(self.task["id"].removeprefix("task_"))

    def shown(self) -> dict[str, Any]:
        return self.ask("GET", f"/tasks/{self.task['id']}").body["task"]

    def request(self, *, as_: Any = None, **fields: Any) -> dict[str, Any]:
        body = {**BODY, "taskId": self.task["id"], **fields}
        answer = self.ask(
            "POST", "/approvals", {k: v for k, v in body.items() if v is not None}, as_=as_ or self.jordan
        )
        assert answer.status in (200, 201), answer.raw
        return answer.body

    def decide(self, id: str, decision: str = "APPROVED", *, as_: Any = None, **fields: Any) -> Any:
        return self.ask("POST", f"/approvals/{id}/decide", {"decision": decision, **fields}, as_=as_ or self.bob)

    def let_pass(self, id: str) -> None:
        row = Approval.objects.filter(pk=int(id.removeprefix("approval_")))
        row.update(expires_at=timezone.now() - timedelta(seconds=1))


class RequestTests(ApprovalTestCase):
    def test_a_request_for_a_task_makes_it_wait_and_a_second_one_is_the_first(self):
        self.work()
        first = self.request()
        assert (first["created"], first["task"]["status"], first["task"]["resumeStatus"]) == (
            True, "NEEDS_APPROVAL", "IN_PROGRESS",
        )  # fmt: skip
        assert set(first["approval"]) == KEYS
        second = self.request(actionSummary="Send another one")
        assert (second["created"], second["approval"]["id"]) == (False, first["approval"]["id"])
        assert second["approval"]["actionSummary"] == "Send the newsletter"
        other = self.request(actionType="STATE_TRANSITION")
        assert other["created"] and other["approval"]["id"] != first["approval"]["id"]

    def test_one_approval_is_a_flat_object(self):
        id = self.request()["approval"]["id"]
        body = self.ask("GET", f"/approvals/{id}").body
        assert set(body) == KEYS
        assert (body["status"], body["requestorAgentId"], body["riskLevel"]) == ("PENDING", "jordan", "YELLOW")
        self.refused(self.ask("GET", f"/approvals/{id}", as_=self.charlie), 404, "NOT_FOUND")

    def test_it_is_said_on_the_task_and_told_to_who_may_decide(self):
        self.agent("boss", autonomy="LEAD")
        self.request()
        said = self.ask("GET", f"/tasks/{self.task['id']}").body["messages"][-1]
        assert (said["type"], said["authorAgentId"], said["authorUserId"]) == ("APPROVAL_REQUEST", None, None)
        told = Notification.objects.filter(type="approval_request").values_list("recipient", flat=True)
        assert set(told) == {"alice", "boss"}
        self.request(actionType="SPAWN", riskLevel="RED")
        told = Notification.objects.filter(type="approval_request").order_by("id").values_list("recipient", flat=True)
        assert list(told)[2:] == ["alice"]

    def test_without_a_task_only_the_key_tells_requests_apart(self):
        bodies = [self.request(taskId=None) for _ in range(2)]
        assert bodies[0]["approval"]["id"] != bodies[1]["approval"]["id"]
        assert all("task" not in body for body in bodies)
        body = dict(BODY)
        answers = [self.ask("POST", "/approvals", body, as_=self.jordan, x_idempotency_key="k1") for _ in range(2)]
        assert answers[0].body == answers[1].body
        assert answers[1].headers["X-Idempotent-Replay"] == "true"

    def test_who_may_ask(self):
        other = self.agent("riley")
        body = {**BODY, "taskId": self.task["id"]}
        self.refused(self.ask("POST", "/approvals", body, as_=other), 403, "FORBIDDEN")
        self.refused(self.ask("POST", "/approvals", body, as_=self.vera), 403, "FORBIDDEN")
        answer = self.ask("POST", "/approvals", {**body, "requestorAgentId": "riley"}, as_=self.jordan)
        self.refused(answer, 403, "AGENT_MISMATCH")
        Mandate.objects.filter(agent=self.jordan).update(autonomy="INTERN")
        self.work("REVIEW")
        self.refused(self.ask("POST", "/approvals", body, as_=self.jordan), 403, "FORBIDDEN")
        self.work("IN_PROGRESS")
        Mandate.objects.filter(agent=other).update(autonomy="LEAD")
        assert self.ask("POST", "/approvals", body, as_=other).status == 201
        answer = self.ask("POST", "/approvals", {**body, "actionType": "SPAWN", "requestorAgentId": "jordan"})
        assert answer.body["approval"]["requestorAgentId"] == "jordan"

    def test_what_cannot_be_asked_for(self):
        for fields, field in (
            ({"riskLevel": "GREEN"}, "riskLevel"), ({"actionType": "tool_exec"}, "actionType"),
            ({"actionSummary": ""}, "actionSummary"), ({"actionSummary": "x" * 501}, "actionSummary"),
            ({"justification": None}, "justification"), ({"expiresIn": "30s"}, "expiresIn"),
            ({"expiresIn": "31d"}, "expiresIn"), ({"estimatedCost": -1}, "estimatedCost"),
            ({"actionPayload": {"x": "y" * 17_000}}, "actionPayload"), ({"actionPayload": [1]}, "actionPayload"),
        ):  # fmt: skip
            with self.subTest(fields=fields):
                answer = self.ask("POST", "/approvals", {**BODY, **fields}, as_=self.jordan)
                error = self.refused(answer, 400, "VALIDATION_ERROR")
                assert [line["field"] for line in error["details"]["errors"]] == [field]
        self.work("DONE")
        answer = self.ask("POST", "/approvals", {**BODY, "taskId": self.task["id"]}, as_=self.jordan)
        self.refused(answer, 409, "STATE_CONFLICT")
        self.refused(self.ask("POST", "/approvals", {**BODY, "taskId": "task_99999"}), 404, "NOT_FOUND")
        self.refused(self.ask("POST", "/approvals", {**BODY, "toolCallId": "tool_99999"}), 404, "NOT_FOUND")

    def test_secrets_are_taken_out_and_the_payload_is_for_those_concerned(self):
        secret = "sk-" + "a1B2" * 8
        payload = {"type": "TOOL_CALL", "tool": "exec", "command": f"deploy --key {secret}", "deep": [{"k": secret}]}
        made = self.request(actionPayload=payload, justification=f"uses {secret}")["approval"]
        assert secret not in str(made)
        assert made["actionPayload"]["tool"] == "exec"
        riley, boss = self.agent("riley"), self.agent("boss", autonomy="LEAD")
        payloads = {
            who: self.ask("GET", f"/approvals/{made['id']}", as_=as_).body["actionPayload"]
            for who, as_ in (("bob", self.bob), ("jordan", self.jordan), ("riley", riley), ("boss", boss))
        }
        assert payloads["riley"] is None
        decided = self.ask("POST", f"/approvals/{made['id']}/decide", {"decision": "DENIED", "reason": f"no {secret}"})
        assert decided.body["approval"]["decisionReason"] == "no [REDACTED]"
        assert payloads["bob"] == payloads["jordan"] == payloads["boss"] == made["actionPayload"]


class DecisionTests(ApprovalTestCase):
    def test_approved_the_task_goes_back_to_where_it_was(self):
        until = timezone.now() + timedelta(hours=1)
        token = issue_token(
            actor=system(self.home.pk), role=Role.OPERATOR, workspace=self.home, expires_at=until, user=self.bob
        )
        for status in ("ASSIGNED", "IN_PROGRESS", "REVIEW"):
            with self.subTest(status=status):
                self.work(status)
                id = self.request()["approval"]["id"]
                answer = self.decide(id, reason="go ahead", as_=token)
                assert answer.status == 200, answer.raw
                task, approval = answer.body["task"], answer.body["approval"]
                assert (task["status"], task["resumeStatus"], approval["status"]) == (status, None, "APPROVED")
                assert (approval["decidedByUserId"], approval["decisionReason"]) == (f"user_{self.bob.pk}", "go ahead")
        told = Notification.objects.filter(type="approval_decided", recipient="jordan")
        assert told.count() == 1  # the same words within five minutes

    def test_denied_the_task_is_blocked_and_says_why(self):
        self.work()
        answer = self.decide(self.request()["approval"]["id"], "DENIED", reason="too expensive")
        assert (answer.body["task"]["status"], answer.body["approval"]["status"]) == ("BLOCKED", "DENIED")
        assert answer.body["task"]["blockedReason"] == "Approval denied: too expensive"
        moves = self.ask("GET", f"/tasks/{self.task['id']}").body["transitions"]
        assert (moves[-1]["toStatus"], moves[-1]["actorType"], moves[-1]["reason"]) == (
            "BLOCKED", "SYSTEM", "Approval denied: too expensive",
        )  # fmt: skip

    def test_the_task_waits_for_the_last_one(self):
        self.work()
        first = self.request()["approval"]["id"]
        second = self.request(actionType="SPAWN")["approval"]["id"]
        assert self.decide(first).body["task"]["status"] == "NEEDS_APPROVAL"
        assert self.decide(second).body["task"]["status"] == "IN_PROGRESS"

    def test_one_denial_among_several_blocks_it(self):
        self.work()
        first = self.request()["approval"]["id"]
        second = self.request(actionType="SPAWN")["approval"]["id"]
        assert self.decide(first, "DENIED").body["task"]["status"] == "NEEDS_APPROVAL"
        assert self.decide(second).body["task"]["status"] == "BLOCKED"

    def test_a_denial_of_an_earlier_round_is_forgotten(self):
        self.work()
        self.decide(self.request()["approval"]["id"], "DENIED")
        self.work()
        assert self.decide(self.request()["approval"]["id"]).body["task"]["status"] == "IN_PROGRESS"

    def test_the_second_to_decide_is_told_what_was_decided(self):
        id = self.request()["approval"]["id"]
        first = self.decide(id)
        assert self.decide(id).body == first.body
        error = self.refused(self.decide(id, "DENIED"), 409, "ALREADY_DECIDED")
        assert error["details"]["approval"]["status"] == "APPROVED"
        self.refused(self.decide(id, as_=self.alice), 409, "ALREADY_DECIDED")

    def test_leads_decide_yellow_ones_of_others(self):
        boss = self.agent("boss", autonomy="LEAD")
        yellow = self.request()["approval"]["id"]
        red = self.request(actionType="SPAWN", riskLevel="RED")["approval"]["id"]
        budget = self.request(actionType="BUDGET_OVERRIDE")["approval"]["id"]
        done = self.request(actionType="STATE_TRANSITION", actionPayload={"targetStatus": "DONE"})["approval"]["id"]
        own = self.ask("POST", "/approvals", BODY, as_=boss).body["approval"]["id"]
        for id in (red, budget, done, own):
            self.refused(self.decide(id, as_=boss), 403, "FORBIDDEN")
        for who in (self.jordan, self.agent("kit", autonomy="INTERN"), self.vera):
            self.refused(self.decide(yellow, as_=who), 403, "FORBIDDEN")
        pending = self.ask("GET", "/approvals/pending", as_=boss).body["approvals"]
        assert [row["id"] for row in pending] == [yellow]
        self.refused(self.ask("GET", "/approvals/pending", as_=self.jordan), 403, "FORBIDDEN")
        answer = self.decide(yellow, as_=boss)
        assert answer.body["approval"]["decidedByAgentId"] == "boss"

    def test_an_outsider_decides_nothing(self):
        id = self.request()["approval"]["id"]
        self.refused(self.decide(id, as_=self.charlie), 404, "NOT_FOUND")


class CancelTests(ApprovalTestCase):
    def cancel(self, id: str, *, as_: Any = None) -> Any:
        return self.ask("POST", f"/approvals/{id}/cancel", {}, as_=as_ or self.jordan)

    def test_who_asked_takes_it_back_and_goes_on(self):
        self.work()
        id = self.request()["approval"]["id"]
        self.refused(self.cancel(id, as_=self.agent("riley")), 403, "FORBIDDEN")
        answer = self.cancel(id)
        assert (answer.body["approval"]["status"], answer.body["task"]["status"]) == ("CANCELED", "IN_PROGRESS")
        assert self.cancel(id).body == answer.body
        self.refused(self.decide(id), 409, "ALREADY_DECIDED")

    def test_what_is_decided_cannot_be_taken_back(self):
        id = self.request()["approval"]["id"]
        self.decide(id)
        self.refused(self.cancel(id), 409, "ALREADY_DECIDED")


class ExpiryTests(ApprovalTestCase):
    def test_undecided_in_time_the_task_is_blocked(self):
        self.work()
        id = self.request(expiresIn="2m")["approval"]["id"]
        self.let_pass(id)
        assert expire_due(now=timezone.now()) == 1
        assert expire_due(now=timezone.now()) == 0
        assert self.ask("GET", f"/approvals/{id}").body["status"] == "EXPIRED"
        task = self.shown()
        assert (task["status"], task["blockedReason"]) == ("BLOCKED", "Approval expired undecided")
        assert "approval.expired" in self.heard()

    def test_whoever_reads_or_decides_it_finds_it_expired(self):
        self.work()
        id = self.request()["approval"]["id"]
        self.let_pass(id)
        error = self.refused(self.decide(id), 409, "APPROVAL_EXPIRED")
        assert error["details"]["approval"]["status"] == "EXPIRED"
        assert self.shown()["status"] == "BLOCKED"
        self.refused(self.decide(id), 409, "APPROVAL_EXPIRED")
        another = self.request(actionType="SPAWN")["approval"]["id"]
        self.let_pass(another)
        assert self.ask("GET", f"/approvals/{another}").body["status"] == "EXPIRED"
        listed = self.ask("GET", "/approvals?status=EXPIRED").body
        assert listed["total"] == 2

    def test_whoever_reads_its_task_finds_it_expired_without_any_worker(self):
        self.work()
        id = self.request()["approval"]["id"]
        self.let_pass(id)
        read = self.ask("GET", f"/tasks/{self.task['id']}").body
        assert (read["task"]["status"], read["task"]["blockedReason"]) == ("BLOCKED", "Approval expired undecided")
        assert [(row["id"], row["status"]) for row in read["approvals"]] == [(id, "EXPIRED")]

    def test_after_it_expired_the_same_may_be_asked_for_again(self):
        self.work()
        first = self.request()["approval"]["id"]
        self.let_pass(first)
        again = self.request()
        assert again["created"] and again["approval"]["id"] != first
        assert again["task"]["status"] == "NEEDS_APPROVAL"


class ListTests(ApprovalTestCase):
    def test_lists_are_filtered_and_the_newest_comes_first(self):
        first = self.request()["approval"]["id"]
        second = self.request(actionType="SPAWN")["approval"]["id"]
        self.ask("POST", "/approvals", BODY)
        listed = self.ask("GET", "/approvals?requestorId=jordan").body
        assert [row["id"] for row in listed["approvals"]] == [second, first]
        assert listed["total"] == 2
        assert self.ask("GET", f"/approvals?taskId={self.task['id']}&actionType=SPAWN").body["total"] == 1
        assert self.ask("GET", "/approvals?limit=1").body["total"] == 3
        self.refused(self.ask("GET", "/approvals?status=pending"), 400, "VALIDATION_ERROR")
        assert self.ask("GET", "/approvals", as_=self.charlie).body["approvals"] == []

    def test_pending_ones_by_their_end_and_how_many_are_urgent(self):
        long = self.request(expiresIn="3h")["approval"]["id"]
        short = self.request(actionType="SPAWN", expiresIn="30m")["approval"]["id"]
        body = self.ask("GET", "/approvals/pending", as_=self.vera).body
        assert [row["id"] for row in body["approvals"]] == [short, long]
        assert body["urgentCount"] == 1

    def test_a_list_takes_as_many_queries_for_many(self):
        for _ in range(3):
            self.ask("POST", "/approvals", BODY, as_=self.jordan)
        with self.assertNumQueries(FuzzyInt(2, 8)):
            self.ask("GET", "/approvals")


class FuzzyInt(int):
    def __new__(cls, low: int, high: int) -> FuzzyInt:
        made = super().__new__(cls, high)
        made.low, made.high = low, high
        return made

    def __eq__(self, other: object) -> bool:
        return isinstance(other, int) and self.low <= other <= self.high

    __hash__ = int.__hash__


class BlockedTests(ApprovalTestCase):
    def test_a_blocked_task_goes_back_to_being_blocked_for_the_same_reason(self):
        self.work()
        self.decide(self.request()["approval"]["id"], "DENIED", reason="no")
        id = self.request()["approval"]["id"]
        assert self.shown()["status"] == "NEEDS_APPROVAL"
        task = self.decide(id).body["task"]
        assert (task["status"], task["blockedReason"]) == ("BLOCKED", "Approval denied: no")
        assert Brief.objects.get(task_id=self.task_id).resume_status is None


class MovedMeanwhileTests(ApprovalTestCase):
    """The other dialect moves what waits here."""

    def setUp(self) -> None:
        super().setUp()
        self.work()
        self.asked = self.request()["approval"]["id"]

    def status(self) -> str:
        return self.ask("GET", f"/approvals/{self.asked}").body["status"]

    def test_a_task_that_leaves_its_wait_leaves_nothing_to_decide(self):
        assert self.put(f"/api/tasks/{self.task_id}", {"status": "in_progress"}).status == 200
        assert self.status() == "CANCELED"
        assert self.shown()["status"] == "IN_PROGRESS"
        assert self.heard().count("approval.canceled") == 1
        self.refused(self.decide(self.asked), 409, "ALREADY_DECIDED")
        assert self.shown()["status"] == "IN_PROGRESS"
        assert self.ask("GET", "/approvals/pending").body["approvals"] == []

    def test_nor_does_one_that_is_done(self):
        self.post(
            "/api/quality-review", {"taskId": self.task_id, "reviewer": "aegis", "status": "approved", "notes": "ok"}
        )
        assert (self.shown()["status"], self.status()) == ("DONE", "CANCELED")

    def test_a_later_request_is_a_new_one(self):
        self.put(f"/api/tasks/{self.task_id}", {"status": "in_progress"})
        again = self.request()
        assert (again["created"], again["task"]["status"]) == (True, "NEEDS_APPROVAL")
        assert self.decide(again["approval"]["id"]).body["task"]["status"] == "IN_PROGRESS"

    def test_what_the_system_moves_may_still_be_decided(self):
        task = Task.objects.get(pk=self.task_id)
        move(task=task, to=Task.Status.BLOCKED, now=timezone.now(), reason="It goes in circles")
        assert self.status() == "PENDING"
        assert self.decide(self.asked).body["task"]["status"] == "BLOCKED"
