from __future__ import annotations

from datetime import timedelta

from agents.models import Agent, Mandate
from notifications.models import Notification
from tests.api.v1.base import V1ApiTestCase

BEAT = {"sessionKey": "session_abc123", "status": "HEALTHY"}


class HeartbeatTests(V1ApiTestCase):
    def beat(self, agent, *, as_=None, slug=None, **fields):
        return self.ask("POST", f"/agents/{slug or agent.slug}/heartbeat", {**BEAT, **fields}, as_=as_ or agent)

    def test_a_beat_is_answered_with_the_documented_keys(self):
        agent = self.agent("jordan")
        answer = self.beat(agent)
        assert answer.status == 200
        assert answer.body["acknowledged"] is True
        for key in ("pendingNotifications", "pendingApprovals", "assignedTasks", "warnings"):
            assert answer.body[key] == []
        assert (answer.body["agentStatus"], answer.body["control"]) == ("ACTIVE", None)
        assert answer.body["budget"] == {"daily": 5.0, "spentToday": 0, "remaining": 5.0, "perRunCap": 0.75}
        shown = self.ask("GET", "/agents/jordan").body["agent"]
        assert shown["health"] == "HEALTHY" and shown["lastHeartbeatAt"]

    def test_presence_follows_the_beat(self):
        agent = self.agent("jordan")
        for health, presence in (("HEALTHY", "online"), ("BUSY", "busy"), ("IDLE", "idle")):
            self.beat(agent, status=health)
            assert Agent.objects.get(pk=agent.pk).status == presence
        task = self.new_task(assigneeIds=["jordan"])
        self.beat(agent, currentTaskId=task["id"])
        assert Agent.objects.get(pk=agent.pk).status == "busy"
        assert self.ask("GET", "/agents/jordan").body["currentTask"]["id"] == task["id"]

    def test_a_beat_that_changes_nothing_leaves_no_event(self):
        agent = self.agent("jordan")
        self.beat(agent, as_=self.bob)
        heard, told = self.heard(), self.told()
        self.beat(agent, as_=self.bob)
        assert (self.heard(), self.told()) == (heard, told)

    def test_a_task_that_is_not_its_own_is_a_warning(self):
        agent = self.agent("jordan")
        task = self.new_task()
        for id in (task["id"], "task_999", "nonsense", 7):
            answer = self.beat(agent, currentTaskId=id)
            assert answer.status == 200 and len(answer.body["warnings"]) == 1
        assert Mandate.objects.get(agent=agent).current_task_id is None

    def test_work_comes_begun_first_and_then_by_urgency(self):
        agent = self.agent("jordan")
        later = self.new_task(assigneeIds=["jordan"], priority=2)["id"]
        due = self.new_task(assigneeIds=["jordan"], priority=2, dueAt="2026-02-01T10:00:00Z")["id"]
        begun = self.new_task(assigneeIds=["jordan"], priority=4)["id"]
        self.put(f"/api/tasks/{begun.removeprefix('task_')}", {"status": "in_progress"})
        assert [task["id"] for task in self.beat(agent).body["assignedTasks"]] == [begun, due, later]
        Mandate.objects.filter(agent=agent).update(control="DRAINED")
        assert [task["id"] for task in self.beat(agent).body["assignedTasks"]] == [begun]
        Mandate.objects.filter(agent=agent).update(control="PAUSED")
        answer = self.beat(agent).body
        assert (answer["assignedTasks"], answer["agentStatus"]) == ([], "PAUSED")

    def test_notifications_come_with_every_beat_until_they_are_acknowledged(self):
        agent = self.agent("jordan")
        self.new_task(assigneeIds=["jordan"])
        first = self.beat(agent).body["pendingNotifications"]
        assert [(note["type"], note["status"], note["targetAgentId"]) for note in first] == [
            ("ASSIGNMENT", "SENT", "jordan")
        ]
        assert self.beat(agent).body["pendingNotifications"] == first
        assert self.ask("POST", f"/notifications/{first[0]['id']}/ack", as_=agent).status == 200
        assert self.beat(agent).body["pendingNotifications"] == []

    def test_what_is_too_old_is_not_told(self):
        agent = self.agent("jordan")
        self.new_task(assigneeIds=["jordan"])
        Notification.objects.update(expires_at=self.now - timedelta(seconds=1))
        assert self.beat(agent).body["pendingNotifications"] == []

    def test_an_agent_that_was_given_up_is_back(self):
        agent = self.agent("jordan", control="OFFLINE")
        assert self.beat(agent).body["agentStatus"] == "ACTIVE"
        assert "agent.status_changed" in self.heard()

    def test_an_agent_in_quarantine_may_beat_and_stays_there(self):
        agent = self.agent("jordan", control="QUARANTINED")
        assert self.beat(agent).body["agentStatus"] == "QUARANTINED"
        assert Agent.objects.get(pk=agent.pk).status == "error"

    def test_agents_beat_for_themselves_and_people_for_anybody(self):
        agent, other = self.agent("jordan"), self.agent("riley")
        self.refused(self.beat(agent, slug="riley"), 403, "AGENT_MISMATCH")
        assert self.beat(other, as_=self.bob).status == 200
        self.refused(self.beat(other, as_=self.vera), 403, "FORBIDDEN")
        self.refused(self.beat(other, as_=self.charlie), 404, "NOT_FOUND")

    def test_what_is_wrong_is_told(self):
        agent = self.agent("jordan")
        answer = self.beat(agent, sessionKey="", status="healthy", metadata={"x": "y" * 5000})
        error = self.refused(answer, 400, "VALIDATION_ERROR")
        assert {line["field"] for line in error["details"]["errors"]} == {"sessionKey", "status", "metadata"}
