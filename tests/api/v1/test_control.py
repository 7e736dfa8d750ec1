from __future__ import annotations

from datetime import timedelta

from agents.models import Agent, Mandate
from governance.models import Alert
from tests.api.v1.base import V1ApiTestCase
from tokens.models import Run


class ControlTests(V1ApiTestCase):
    def control(self, action, *, of="jordan", as_=None, **fields):
        return self.ask("POST", f"/agents/{of}/control", {"action": action, **fields}, as_=as_)

    def given(self, *slugs, status="ASSIGNED"):
        task = self.new_task(assigneeIds=list(slugs))
        if status != "ASSIGNED":
            self.put(f"/api/tasks/{task['id'].removeprefix('task_')}", {"status": status.lower()})
        return task["id"]

    def test_people_pause_and_resume_agents(self):
        agent = self.agent("jordan", error_streak=2)
        answer = self.control("PAUSE", reason="lunch", duration="2h")
        assert answer.status == 200 and "affectedTasks" not in answer.body
        paused = answer.body["agent"]
        assert (paused["status"], paused["statusReason"]) == ("PAUSED", "lunch")
        assert paused["statusUntil"] is not None
        assert Agent.objects.get(pk=agent.pk).status == "idle"
        resumed = self.control("RESUME").body["agent"]
        assert (resumed["status"], resumed["statusReason"], resumed["statusUntil"]) == ("ACTIVE", None, None)
        assert resumed["errorStreak"] == 0

    def test_doing_it_again_changes_and_tells_nothing(self):
        self.agent("jordan")
        self.control("PAUSE")
        heard, told = self.heard(), self.told()
        again = self.control("PAUSE", reason="other")
        assert (again.status, again.body["agent"]["statusReason"]) == (200, None)
        assert (self.heard(), self.told()) == (heard, told)

    def test_a_drained_agent_gives_back_what_it_has_not_begun(self):
        self.agent("jordan"), self.agent("riley")
        alone, shared = self.given("jordan"), self.given("jordan", "riley")
        Mandate.objects.filter(agent__slug="jordan").update(current_task_id=alone.removeprefix("task_"))
        begun = self.given("jordan", status="IN_PROGRESS")
        answer = self.control("DRAIN")
        affected = {task["id"]: (task["status"], task["assigneeIds"]) for task in answer.body["affectedTasks"]}
        assert affected == {alone: ("INBOX", []), shared: ("ASSIGNED", ["riley"])}
        assert self.ask("GET", f"/tasks/{begun}").body["task"]["status"] == "IN_PROGRESS"
        assert (answer.body["agent"]["status"], answer.body["agent"]["currentTaskId"]) == ("DRAINED", None)
        last = self.ask("GET", f"/tasks/{alone}").body["transitions"][-1]
        assert (last["toStatus"], last["actorType"], last["reason"]) == ("INBOX", "SYSTEM", "agent drained")

    def test_an_agent_in_quarantine_stops_and_so_do_its_tasks(self):
        agent = self.agent("jordan")
        self.agent("riley")
        waiting, begun = self.given("jordan"), self.given("jordan", status="IN_PROGRESS")
        shared = self.given("jordan", "riley")
        answer = self.control("QUARANTINE", reason="it misbehaves")
        assert {task["id"]: task["blockedReason"] for task in answer.body["affectedTasks"]} == {
            waiting: "agent quarantined", begun: "agent quarantined",
        }  # fmt: skip
        assert self.ask("GET", f"/tasks/{begun}").body["task"]["status"] == "BLOCKED"
        assert self.ask("GET", f"/tasks/{shared}").body["task"]["status"] == "ASSIGNED"
        assert Agent.objects.get(pk=agent.pk).status == "error"
        alert = self.ask("GET", "/alerts?agentId=jordan").body["alerts"][0]
        assert (alert["type"], alert["severity"], alert["status"]) == ("AGENT_QUARANTINED", "ERROR", "OPEN")
        self.refused(self.ask("POST", "/tasks", {"title": "x", "type": "OPS"}, as_=agent), 403, "AGENT_QUARANTINED")
        assert self.ask("GET", "/tasks", as_=agent).status == 200
        self.control("QUARANTINE")
        assert Alert.objects.count() == 1

    def test_a_restart_is_told_to_the_agent_once(self):
        agent = self.agent("jordan", control="PAUSED", error_streak=4, last_error="boom", current_task_id=7)
        restarted = self.control("RESTART", reason="stuck").body["agent"]
        assert (restarted["status"], restarted["errorStreak"], restarted["lastError"]) == ("ACTIVE", 0, None)
        assert restarted["currentTaskId"] is None
        assert self.heard().count("agent.control") == 1
        self.control("RESTART")
        assert self.heard().count("agent.control") == 1
        beat = {"sessionKey": "s", "status": "HEALTHY"}
        first = self.ask("POST", "/agents/jordan/heartbeat", beat, as_=agent).body["control"]
        assert (first["action"], first["reason"]) == ("RESTART", "stuck") and first["requestedAt"]
        assert self.ask("POST", "/agents/jordan/heartbeat", beat, as_=agent).body["control"] is None

    def test_a_restart_ends_its_runs(self):
        agent = self.agent("jordan")
        run = Run.objects.create(
            workspace_id=agent.workspace_id, agent=agent, session_key="s", model="sonnet", started_at=self.now,
            status="RUNNING", reported_by="user:1", created_at=self.now,
        )  # fmt: skip
        self.control("RESTART")
        assert self.ask("GET", "/agents/jordan").body["recentRuns"][0]["status"] == "TIMEOUT"
        assert (
            self.ask("GET", "/events/timeline?action=RUN_FAILED").body["activities"][0]["targetId"] == f"run_{run.pk}"
        )

    def test_what_a_restart_ends_is_booked_at_the_price_of_its_tokens(self):
        agent = self.agent("jordan")
        task = self.given("jordan", status="IN_PROGRESS")
        ids = []
        for n in range(6):
            body = {"agentId": "jordan", "sessionKey": f"s{n}", "model": "nobody-knows", "status": "RUNNING",
                    "startedAt": self.now.isoformat(), "taskId": task,
                    "inputTokens": 100_000, "outputTokens": 10_000}  # fmt: skip
            ids.append(self.ask("POST", "/events/run", body, as_=agent).body["run"]["id"])
        self.ask("PATCH", f"/events/run/{ids[0]}", {"costUsd": 0.5}, as_=agent)
        shown = self.control("RESTART").body["agent"]
        assert (shown["status"], shown["errorStreak"], shown["lastError"]) == ("ACTIVE", 0, None)
        runs = {run["id"]: run for run in self.ask("GET", "/agents/jordan").body["recentRuns"]}
        assert {run["status"] for run in runs.values()} == {"TIMEOUT"}
        assert [(runs[id]["costUsd"], runs[id]["costSource"]) for id in ids[:2]] == [
            (0.5, "REPORTED"), (0.13, "ESTIMATED"),
        ]  # fmt: skip
        assert shown["spendToday"] == 0.5 + 5 * 0.13
        assert self.ask("GET", f"/tasks/{task}").body["task"]["actualCost"] == shown["spendToday"]
        corrected = self.ask("PATCH", f"/events/run/{ids[1]}", {"costUsd": 0.2}, as_=agent)
        assert (corrected.status, corrected.body["run"]["costSource"]) == (200, "REPORTED")

    def test_a_restart_that_costs_too_much_ends_at_the_budget(self):
        agent = self.agent("jordan", budget_daily_microusd=100_000)
        body = {"agentId": "jordan", "sessionKey": "s", "model": "nobody-knows", "status": "RUNNING",
                "startedAt": self.now.isoformat(), "inputTokens": 1_000_000}  # fmt: skip
        self.ask("POST", "/events/run", body, as_=agent)
        shown = self.control("RESTART").body["agent"]
        assert (shown["status"], shown["statusReason"]) == ("PAUSED", "BUDGET")

    def test_what_it_asked_for_is_canceled_in_quarantine(self):
        agent = self.agent("jordan")
        task = self.given("jordan", status="IN_PROGRESS")
        sent = {
            "taskId": task, "actionType": "TOOL_EXEC", "actionSummary": "Send it", "riskLevel": "RED",
            "justification": "It is asked for",
        }  # fmt: skip
        asked = self.ask("POST", "/approvals", sent, as_=agent)
        assert asked.status == 201, asked.raw
        self.control("QUARANTINE")
        id = asked.body["approval"]["id"]
        assert self.ask("GET", f"/approvals/{id}").body["status"] == "CANCELED"
        assert self.ask("GET", f"/tasks/{task}").body["task"]["status"] == "BLOCKED"
        told = self.ask("GET", "/notifications?type=ALERT").body["notifications"]
        assert [note["targetUserId"] for note in told] == [f"user_{self.alice.pk}"]

    def test_who_may_and_what_is_wrong(self):
        agent = self.agent("jordan")
        self.refused(self.control("PAUSE", as_=self.vera), 403, "FORBIDDEN")
        self.refused(self.control("PAUSE", as_=agent), 403, "FORBIDDEN")
        self.refused(self.control("STOP"), 400, "VALIDATION_ERROR")
        self.refused(self.control("RESUME", duration="1h"), 400, "VALIDATION_ERROR")
        self.refused(self.control("PAUSE", duration="soon"), 400, "VALIDATION_ERROR")
        self.refused(self.control("PAUSE", of="nobody"), 404, "NOT_FOUND")
        assert Mandate.objects.get(agent=agent).control == "ACTIVE"

    def test_whose_time_is_over_goes_on_with_its_next_beat(self):
        agent = self.agent("jordan", control="PAUSED", status_until=self.now - timedelta(minutes=1))
        beat = {"sessionKey": "s", "status": "IDLE"}
        assert self.ask("POST", "/agents/jordan/heartbeat", beat, as_=agent).body["agentStatus"] == "ACTIVE"
