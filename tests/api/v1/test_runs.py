from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from agents.models import Mandate
from governance.models import Alert, Approval
from tasks.models import Brief, Task
from tests.api.v1.base import V1ApiTestCase
from tokens.models import Run, ToolCall

RUN_KEYS = {
    "id", "agentId", "taskId", "sessionKey", "model", "startedAt", "endedAt", "durationMs", "inputTokens",
    "outputTokens", "cacheReadTokens", "cacheWriteTokens", "costUsd", "costSource", "status", "error", "metadata",
    "createdAt",
}  # fmt: skip
TOOL_KEYS = {
    "id", "runId", "agentId", "taskId", "toolName", "toolVersion", "riskLevel", "policyResult", "inputPreview",
    "outputPreview", "inputHash", "outputHash", "startedAt", "endedAt", "durationMs", "status", "error", "retryCount",
    "redactedFields", "createdAt",
}  # fmt: skip


class RunTestCase(V1ApiTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.jordan = self.agent("jordan", autonomy="LEAD")
        self.task = self.new_task(assigneeIds=["jordan"])

    def report(self, *, as_: Any = None, expect: int = 201, **fields: Any) -> dict[str, Any]:
        body = {
            "agentId": "jordan", "sessionKey": "session_1", "model": "some-own-model",
            "startedAt": (timezone.now() - timedelta(minutes=1)).isoformat(), "status": "RUNNING", **fields,
        }  # fmt: skip
        answer = self.ask("POST", "/events/run", body, as_=as_ or self.jordan)
        assert answer.status == expect, answer.raw
        return answer.body

    def change(self, id: str, *, as_: Any = None, expect: int = 200, **fields: Any) -> dict[str, Any]:
        answer = self.ask("PATCH", f"/events/run/{id}", fields, as_=as_ or self.jordan)
        assert answer.status == expect, answer.raw
        return answer.body

    def spent(self, slug: str = "jordan") -> int:
        return Mandate.objects.get(agent__slug=slug).spend_today_microusd

    def cost(self, task: dict[str, Any] | None = None) -> int:
        id = int((task or self.task)["id"].removeprefix("task_"))
        return Brief.objects.get(task_id=id).actual_cost_microusd


class ReportTests(RunTestCase):
    def test_a_run_begins_without_figures_and_its_cost_is_booked_when_it_is_said(self):
        run = self.report(taskId=self.task["id"])["run"]
        assert set(run) == RUN_KEYS
        assert (run["status"], run["costUsd"], run["inputTokens"], run["endedAt"]) == ("RUNNING", 0, 0, None)
        changed = self.change(run["id"], costUsd=0.45, inputTokens=100, outputTokens=20, status="COMPLETED")["run"]
        assert (changed["costUsd"], changed["costSource"], changed["status"]) == (0.45, "REPORTED", "COMPLETED")
        assert changed["endedAt"] and changed["durationMs"] >= 60_000
        assert (self.spent(), self.cost()) == (450_000, 450_000)
        shown = self.ask("GET", f"/tasks/{self.task['id']}").body
        assert shown["task"]["actualCost"] == 0.45
        assert [kind for kind in self.heard() if kind.startswith("run.")] == ["run.started", "run.completed"]

    def test_only_the_difference_is_booked_whichever_way_it_goes(self):
        run = self.report(taskId=self.task["id"], costUsd=0.3)["run"]
        for cost, total in ((0.5, 500_000), (0.1, 100_000), (0.100001, 100_001), (0, 0)):
            self.change(run["id"], costUsd=cost)
            assert (self.spent(), self.cost()) == (total, total)

    def test_how_it_ended_is_said_once_and_its_figures_may_still_be_corrected(self):
        id = self.report(status="COMPLETED", costUsd=0.1)["run"]["id"]
        answer = self.ask("PATCH", f"/events/run/{id}", {"status": "FAILED"}, as_=self.jordan)
        self.refused(answer, 409, "STATE_CONFLICT")
        assert self.change(id, status="COMPLETED", costUsd=0.2, outputTokens=5)["run"]["outputTokens"] == 5
        assert self.spent() == 200_000

    def test_what_nobody_priced_is_priced_by_the_list_when_it_is_over(self):
        run = self.report(inputTokens=1_000_000, outputTokens=1_000_000)["run"]
        assert (run["costUsd"], self.spent()) == (0, 0)
        run = self.change(run["id"], status="COMPLETED", cacheReadTokens=1_000_000, cacheWriteTokens=1_000_000)["run"]
        assert (run["costUsd"], run["costSource"]) == (1 + 3 + 0.1 + 1.25, "ESTIMATED")
        known = self.report(status="COMPLETED", model="gpt-4o", inputTokens=1_000_000, outputTokens=0)["run"]
        assert (known["costUsd"], known["costSource"]) == (2.5, "ESTIMATED")
        free = self.report(status="COMPLETED", inputTokens=1_000_000, costUsd=0)["run"]
        assert (free["costUsd"], free["costSource"]) == (0, "REPORTED")

    def test_a_sub_agents_cost_counts_on_its_parents_task_once(self):
        id = int(self.task["id"].removeprefix("task_"))
        own = self.new_task("A part of it")
        sub = self.agent("sub", parent=self.jordan, parent_task_id=id, autonomy="LEAD")
        self.report(as_=sub, agentId="sub", taskId=own["id"], costUsd=0.2)
        assert (self.cost(), self.cost(own), self.spent("sub"), self.spent()) == (200_000, 200_000, 200_000, 0)
        self.report(as_=sub, agentId="sub", taskId=self.task["id"], costUsd=0.1)
        assert self.cost() == 300_000

    def test_agents_report_for_themselves_and_people_for_any(self):
        riley = self.agent("riley")
        run = self.report(as_=self.bob)["run"]
        assert run["agentId"] == "jordan"
        for method, path, body in (
            ("POST", "/events/run", {"agentId": "jordan", "sessionKey": "s", "model": "m", "status": "RUNNING",
                                     "startedAt": timezone.now().isoformat()}),
            ("PATCH", f"/events/run/{run['id']}", {"costUsd": 1}),
        ):  # fmt: skip
            self.refused(self.ask(method, path, body, as_=riley), 403, "AGENT_MISMATCH")
            self.refused(self.ask(method, path, body, as_=self.vera), 403, "FORBIDDEN")
        self.refused(self.ask("PATCH", f"/events/run/{run['id']}", {}, as_=self.charlie), 404, "NOT_FOUND")
        Mandate.objects.filter(agent=self.jordan).update(control="PAUSED")
        self.report()
        Mandate.objects.filter(agent=self.jordan).update(control="OFFLINE")
        self.report()
        assert Mandate.objects.get(agent=self.jordan).control == "ACTIVE"

    def test_what_cannot_be_reported(self):
        later = (timezone.now() + timedelta(minutes=6)).isoformat()
        past = (timezone.now() - timedelta(days=1)).isoformat()
        good = {"agentId": "jordan", "sessionKey": "s", "model": "m", "status": "RUNNING", "startedAt": past}
        for fields, field in (
            ({"startedAt": later}, "startedAt"), ({"startedAt": "2026-01-01T00:00:00"}, "startedAt"),
            ({"endedAt": "2020-01-01T00:00:00Z"}, "endedAt"), ({"costUsd": -0.1}, "costUsd"),
            ({"costUsd": "1"}, "costUsd"), ({"inputTokens": -1}, "inputTokens"), ({"inputTokens": 1.5}, "inputTokens"),
            ({"status": "running"}, "status"), ({"model": "m" * 101}, "model"), ({"sessionKey": ""}, "sessionKey"),
            ({"error": "e" * 5_001}, "error"), ({"metadata": {"a": "b" * 20_000}}, "metadata"),
            ({"inputTokens": 10**15}, "inputTokens"),
        ):  # fmt: skip
            with self.subTest(fields=str(fields)[:80]):
                answer = self.ask("POST", "/events/run", {**good, **fields}, as_=self.jordan)
                error = self.refused(answer, 400, "VALIDATION_ERROR")
                assert [line["field"] for line in error["details"]["errors"]] == [field]
        self.refused(self.ask("POST", "/events/run", {**good, "agentId": "nobody"}), 404, "NOT_FOUND")
        answer = self.ask("POST", "/events/run", {**good, "taskId": "task_99999"}, as_=self.jordan)
        self.refused(answer, 404, "NOT_FOUND")
        self.refused(self.ask("PATCH", "/events/run/run_99999", {}), 404, "NOT_FOUND")
        assert not Run.objects.exists()

    def test_one_key_books_once_even_when_the_answer_was_forgotten(self):
        from accounts.models import IdempotentCall

        body = {"agentId": "jordan", "sessionKey": "s", "model": "m", "status": "COMPLETED", "costUsd": 0.2,
                "startedAt": timezone.now().isoformat()}  # fmt: skip
        first = self.ask("POST", "/events/run", body, as_=self.jordan, x_idempotency_key="k")
        IdempotentCall.objects.all().delete()
        again = self.ask("POST", "/events/run", body, as_=self.jordan, x_idempotency_key="k")
        assert first.body["run"]["id"] == again.body["run"]["id"]
        assert self.spent() == 200_000


class StreakTests(RunTestCase):
    def test_five_failures_in_a_row_put_the_agent_into_quarantine(self):
        for n in range(1, 6):
            self.report(status="FAILED" if n % 2 else "TIMEOUT", error=f"boom {n}")
            mandate = Mandate.objects.get(agent=self.jordan)
            assert mandate.error_streak == n
            assert mandate.control == ("QUARANTINED" if n == 5 else "ACTIVE")
            severities = list(Alert.objects.filter(type="AGENT_ERROR_STREAK").values_list("severity", flat=True))
            assert severities == ([] if n < 3 else ["WARNING"] if n < 5 else ["ERROR"])
        assert mandate.last_error == "boom 5"
        self.report(expect=403)
        assert self.ask("GET", f"/tasks/{self.task['id']}").body["task"]["status"] == "BLOCKED"

    def test_a_run_that_goes_well_ends_the_streak(self):
        for status in ("FAILED", "FAILED", "FAILED", "FAILED", "COMPLETED", "FAILED"):
            self.report(status=status)
        mandate = Mandate.objects.get(agent=self.jordan)
        assert (mandate.error_streak, mandate.control) == (1, "ACTIVE")


class ToolCallTests(RunTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.run_id = self.report(taskId=self.task["id"])["run"]["id"]

    def call(self, *, as_: Any = None, expect: int = 201, **fields: Any) -> dict[str, Any]:
        body = {
            "runId": self.run_id, "agentId": "jordan", "toolName": "exec", "riskLevel": "GREEN",
            "startedAt": timezone.now().isoformat(), "status": "RUNNING", **fields,
        }  # fmt: skip
        answer = self.ask("POST", "/events/tool-call", body, as_=as_ or self.jordan)
        assert answer.status == expect, answer.raw
        return answer.body

    def end(self, id: str, *, expect: int = 200, **fields: Any) -> dict[str, Any]:
        answer = self.ask("PATCH", f"/events/tool-call/{id}", fields, as_=self.jordan)
        assert answer.status == expect, answer.raw
        return answer.body

    def test_a_call_is_kept_and_its_end_is_said_once(self):
        call = self.call(inputPreview="ls", policyResult={"decision": "ALLOW", "reason": "fine"})["toolCall"]
        assert set(call) == TOOL_KEYS
        assert (call["taskId"], call["runId"]) == (self.task["id"], self.run_id)
        assert call["policyResult"] == {"decision": "ALLOW", "reason": "fine", "approvalId": None}
        ended = self.end(call["id"], status="SUCCESS", outputPreview="x" * 600, retryCount=2)["toolCall"]
        assert (ended["status"], len(ended["outputPreview"]), ended["retryCount"]) == ("SUCCESS", 500, 2)
        assert ended["endedAt"]
        self.refused(
            self.ask("PATCH", f"/events/tool-call/{call['id']}", {"status": "FAILED"}, as_=self.jordan),
            409, "STATE_CONFLICT",
        )  # fmt: skip
        assert self.heard().count("tool_call.recorded") == 2

    def test_secrets_and_paths_elsewhere_are_taken_out(self):
        self.jordan.workspace_path = "/squad/jordan"
        self.jordan.save()
        secret = "ghp_" + "a" * 36
        call = self.call(inputPreview=f"cat /home/me/key /squad/jordan/a.txt --token {secret}")["toolCall"]
        assert call["inputPreview"].count("[REDACTED]") == 2
        assert "/squad/jordan/a.txt" in call["inputPreview"]
        assert call["redactedFields"] == ["inputPreview"]
        ended = self.end(call["id"], outputPreview="see https://github.com/a/b", error=f"bad {secret}")["toolCall"]
        assert ended["outputPreview"] == "see https://github.com/a/b"
        assert (ended["error"], ended["redactedFields"]) == ("bad [REDACTED]", ["inputPreview", "error"])

    def test_the_run_must_be_the_agents(self):
        riley = self.agent("riley")
        self.refused(
            self.ask("POST", "/events/tool-call", {
                "runId": self.run_id, "agentId": "riley", "toolName": "x", "riskLevel": "GREEN", "status": "RUNNING",
                "startedAt": timezone.now().isoformat(),
            }, as_=riley), 403, "AGENT_MISMATCH",
        )  # fmt: skip
        self.call(as_=self.bob, agentId="riley", expect=403)
        self.call(runId="run_99999", expect=404)
        self.call(riskLevel="ORANGE", expect=400)

    def test_a_dangerous_call_without_approval_is_told_of(self):
        self.call(riskLevel="RED", status="PENDING")
        assert not Alert.objects.filter(type="POLICY_VIOLATION").exists()
        self.call(toolName="send_email", riskLevel="GREEN")
        alert = Alert.objects.get(type="POLICY_VIOLATION")
        assert alert.severity == "WARNING"

    def test_an_approved_one_is_not_and_uses_the_approval_up(self):
        asked = self.ask("POST", "/approvals", {
            "actionType": "TOOL_EXEC", "actionSummary": "Send it", "riskLevel": "RED", "justification": "because",
            "taskId": self.task["id"],
        }, as_=self.jordan).body["approval"]["id"]  # fmt: skip
        self.ask("POST", f"/approvals/{asked}/decide", {"decision": "APPROVED"})
        result = {"decision": "ALLOW", "reason": "approved", "approvalId": asked}
        call = self.call(toolName="send_email", riskLevel="RED", policyResult=result)["toolCall"]
        assert Approval.objects.get().consumed_at is None
        self.end(call["id"], status="SUCCESS")
        assert Approval.objects.get().consumed_at is not None
        assert not Alert.objects.filter(type="POLICY_VIOLATION").exists()
        self.call(toolName="send_email", riskLevel="RED", policyResult=result)
        assert Alert.objects.filter(type="POLICY_VIOLATION").exists()

    def test_the_same_failure_three_times_stops_the_agent(self):
        Task.objects.update(status="IN_PROGRESS")
        for _ in range(3):
            id = self.call()["toolCall"]["id"]
            assert Mandate.objects.get(agent=self.jordan).control == "ACTIVE"
            self.end(id, status="FAILED", error="no such file")
        assert Mandate.objects.get(agent=self.jordan).control == "QUARANTINED"
        task = self.ask("GET", f"/tasks/{self.task['id']}").body
        assert task["task"]["status"] == "BLOCKED"
        assert "loop-summary-tool_retry_loop.md" in {document["name"] for document in task["documents"]}
        assert Alert.objects.filter(type="LOOP_DETECTED").count() == 1
        assert ToolCall.objects.count() == 3

    def test_different_failures_do_not(self):
        for n in range(4):
            self.end(self.call()["toolCall"]["id"], status="FAILED", error=f"failure {n}")
        assert Mandate.objects.get(agent=self.jordan).control == "ACTIVE"

    def test_what_was_told_of_counts_no_more_once_a_person_let_it_go_on(self):
        Task.objects.update(status="IN_PROGRESS")

        def fail(times: int) -> None:
            for _ in range(times):
                self.end(self.call()["toolCall"]["id"], status="FAILED", error="no such file")

        def documents() -> list[int]:
            return [one["version"] for one in self.ask("GET", f"/tasks/{self.task['id']}").body["documents"]]

        fail(3)
        self.ask("POST", "/agents/jordan/control", {"action": "RESUME"})
        fail(2)
        assert Mandate.objects.get(agent=self.jordan).control == "ACTIVE"
        fail(1)
        assert Mandate.objects.get(agent=self.jordan).control == "QUARANTINED"
        assert documents() == [1]
        self.ask("POST", "/agents/jordan/control", {"action": "RESUME"})
        go_on = {"toStatus": "ASSIGNED", "reason": "try again"}
        assert self.ask("POST", f"/tasks/{self.task['id']}/transition", go_on).status == 200
        fail(2)
        assert Mandate.objects.get(agent=self.jordan).control == "ACTIVE"
        fail(1)
        assert (Mandate.objects.get(agent=self.jordan).control, documents()) == ("QUARANTINED", [2])
