"""Scenarios of the contract that span several resources."""

from __future__ import annotations

from core.actors import system
from governance.models import Alert
from governance.services.alerts import Trouble, open_alert
from tests.api.v1.base import V1ApiTestCase


class ScenarioTests(V1ApiTestCase):
    def test_a_list_holds_only_what_was_asked_for(self):
        agent = self.agent("jordan")
        for n in range(12):
            self.new_task(f"Post {n}", type="CONTENT", assigneeIds=["jordan"] if n % 2 else [])
        self.new_task("Other", type="OPS")
        done = self.new_task("Done", type="CONTENT", assigneeIds=["jordan"])["id"]
        self.put(f"/api/tasks/{done.removeprefix('task_')}", {"status": "in_progress"})
        body = self.ask("GET", "/tasks?status=INBOX,ASSIGNED&type=CONTENT&limit=10", as_=agent).body
        assert len(body["tasks"]) == 10 and (body["total"], body["hasMore"]) == (12, True)
        assert {task["type"] for task in body["tasks"]} == {"CONTENT"}
        assert {task["status"] for task in body["tasks"]} == {"INBOX", "ASSIGNED"}

    def test_nothing_of_another_workspace_is_found_by_its_id(self):
        self.agent("jordan")
        task = self.new_task(assigneeIds=["jordan"])["id"]
        trouble = Trouble("SYSTEM_ERROR", Alert.Severity.ERROR, "x")
        alert = open_alert(trouble=trouble, actor=system(self.home.pk), now=self.now).pk
        note = self.ask("GET", "/notifications").body["notifications"][0]["id"]
        calls = [
            ("GET", f"/tasks/{task}", None),
            ("GET", "/agents/jordan", None),
            ("PATCH", "/agents/jordan", {"name": "x"}),
            ("POST", "/agents/jordan/control", {"action": "PAUSE"}),
            ("POST", "/agents/jordan/heartbeat", {"sessionKey": "s", "status": "IDLE"}),
            ("GET", "/stats/agents/jordan/costs?period=day", None),
            ("POST", f"/notifications/{note}/ack", None),
            ("POST", f"/alerts/alert_{alert}/acknowledge", None),
            ("POST", f"/alerts/alert_{alert}/resolve", {"resolutionNote": "x"}),
            ("GET", "/events/timeline?agentId=jordan", None),
        ]
        for method, path, body in calls:
            with self.subTest(path=path):
                self.refused(self.ask(method, path, body, as_=self.charlie), 404, "NOT_FOUND")

    def test_a_lead_hears_with_its_beat_what_it_may_decide(self):
        lead, agent = self.agent("lead", autonomy="LEAD"), self.agent("jordan")
        task = self.new_task(assigneeIds=["jordan"])["id"]
        self.put(f"/api/tasks/{task.removeprefix('task_')}", {"status": "in_progress"})
        asked = {
            "taskId": task, "actionType": "TOOL_EXEC", "actionSummary": "Open the browser", "riskLevel": "YELLOW",
            "justification": "To look something up",
        }  # fmt: skip
        id = self.ask("POST", "/approvals", asked, as_=agent).body["approval"]["id"]
        beat = {"sessionKey": "s", "status": "HEALTHY"}
        heard = self.ask("POST", "/agents/lead/heartbeat", beat, as_=lead).body
        assert [row["id"] for row in heard["pendingApprovals"]] == [id]
        assert [note["approvalId"] for note in heard["pendingNotifications"]] == [id]
        assert self.ask("POST", "/agents/jordan/heartbeat", beat, as_=agent).body["pendingApprovals"] == []

    def test_signs_that_no_id_holds_find_nothing_and_break_nothing(self):
        self.agent("jordan")
        for path in ("/agents/jor%00dan", "/agents/%F0%9F%98%80", "/stats/agents/%00/costs?period=day"):
            with self.subTest(path=path):
                self.refused(self.ask("GET", path), 404, "NOT_FOUND")
        for path in ("/notifications?targetAgentId=%00", "/alerts?agentId=%00", "/events/timeline?agentId=%00"):
            with self.subTest(path=path):
                self.refused(self.ask("GET", path), 400, "VALIDATION_ERROR")
        sent = {"id": "x", "name": "N\u0000ame", "role": "LEAD", "workspacePath": "/w", "parentAgentId": "\u0000"}
        self.refused(self.ask("POST", "/agents", sent, as_=self.alice), 400, "VALIDATION_ERROR")
        sent = {
            "sessionKey": "s\u0000",
            "status": "IDLE",
            "metadata": {"a\u0000": "b\u0000"},
            "currentTaskId": "\u0000",
        }
        assert self.ask("POST", "/agents/jordan/heartbeat", sent).status == 200
        assert self.ask("PATCH", "/agents/jordan", {"metadata": {"c": ["\u0000"]}}, as_=self.alice).status == 200
        assert self.ask("PATCH", "/agents/jordan", b'{"name": "\\ud800"}', as_=self.alice).status == 400
