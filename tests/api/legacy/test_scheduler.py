from __future__ import annotations

from datetime import UTC, datetime, timedelta
from unittest.mock import patch

from activity.leases import lease
from activity.models import Event
from agents.models import Agent
from system.models import JobRecord
from system.schedule import LISTED
from system.services.scheduler import run_due
from tests.base import LegacyApiTestCase
from tests.factories import make_agent

PATH = "/api/scheduler"
HEARTBEAT, RETRY = "agent_heartbeat", "webhook_retry"


def ran(now):
    """The jobs of this dialect that ran, but for the one that always does."""
    return [id for id in run_due(now=now) if id in LISTED and id != RETRY]


class SchedulerTests(LegacyApiTestCase):
    def task(self, id):
        return next(task for task in self.get(PATH, as_=self.alice).body["tasks"] if task["id"] == id)

    def run_job(self, id):
        return self.post(PATH, {"task_id": id}, as_=self.alice)

    def switch(self, key, on):
        self.put("/api/settings", {"settings": {key: on}}, as_=self.alice)

    def fall_silent(self, name="nova"):
        agent = make_agent(name, status="idle")
        Agent.objects.filter(pk=agent.pk).update(heard_at=self.now - timedelta(hours=1))

    def test_jobs_are_listed_before_they_ever_ran(self):
        tasks = self.get(PATH, as_=self.alice).body["tasks"]
        assert [(task["name"], task["enabled"]) for task in tasks] == [
            ("Auto Backup", False), ("Auto Cleanup", False), ("Agent Heartbeat Check", True), ("Webhook Retry", True),
            ("Claude Session Scan", True),
        ]  # fmt: skip
        for task in tasks:
            assert list(task) == ["id", "name", "enabled", "lastRun", "nextRun", "running"]
            assert (task["lastRun"], task["running"]) == (None, False)
            assert task["nextRun"] > self.now.timestamp() * 1000

    def test_daily_jobs_run_at_their_hour(self):
        for id, hour in (("auto_backup", 3), ("auto_cleanup", 4)):
            next_run = datetime.fromtimestamp(self.task(id)["nextRun"] / 1000, UTC)
            assert (next_run.hour, next_run.minute) == (hour, 0)
            assert timedelta() < next_run - self.now <= timedelta(days=1)

    def test_a_job_runs_when_it_is_due_and_keeps_what_came_of_it(self):
        self.fall_silent()
        began = self.now
        assert ran(began) == []
        assert ran(began + timedelta(minutes=1)) == [HEARTBEAT]
        task = self.task(HEARTBEAT)
        assert task["lastRun"] == int((began + timedelta(minutes=1)).timestamp() * 1000)
        assert task["nextRun"] > task["lastRun"]
        assert list(task["lastResult"]) == ["ok", "message", "timestamp"]
        assert task["lastResult"]["message"] == "Marked 1 agent(s) offline: nova"
        assert ran(began + timedelta(minutes=1)) == []
        ran(began + timedelta(minutes=3))
        assert self.task(HEARTBEAT)["lastResult"]["message"] == "All agents healthy"

    def test_a_job_that_is_switched_off_does_not_run_and_does_not_catch_up(self):
        self.switch("general.agent_heartbeat", False)
        assert not self.task(HEARTBEAT)["enabled"]
        began = self.now
        ran(began)
        assert ran(began + timedelta(days=2)) == []
        assert self.task(HEARTBEAT)["lastRun"] is None
        self.switch("general.auto_cleanup", True)
        assert ran(began + timedelta(days=2)) == []
        assert ran(began + timedelta(days=3)) == ["auto_cleanup"]

    def test_a_job_that_another_worker_runs_is_left_to_it(self):
        ran(self.now - timedelta(minutes=1))
        with lease(f"job:{HEARTBEAT}", now=self.now, seconds=600):
            assert ran(self.now) == []
            assert self.task(HEARTBEAT)["running"]
            answer = self.run_job(HEARTBEAT)
            assert (answer.status, answer.body["ok"]) == (500, False)
        assert not self.task(HEARTBEAT)["running"]

    def test_a_job_that_fails_says_so_and_the_next_ones_run(self):
        ran(self.now)
        with patch("system.work.mark_stale_agents", side_effect=RuntimeError("secret")):
            ran(self.now + timedelta(minutes=1))
            answer = self.run_job(HEARTBEAT)
        result = self.task(HEARTBEAT)["lastResult"]
        assert (result["ok"], "secret" in result["message"]) == (False, False)
        assert (answer.status, answer.body["ok"]) == (500, False)
        assert ran(self.now + timedelta(minutes=3)) == [HEARTBEAT]

    def test_a_run_by_hand_answers_with_its_result_and_leaves_the_schedule(self):
        self.fall_silent()
        answer = self.run_job(HEARTBEAT)
        assert (answer.status, answer.body) == (200, {"ok": True, "message": "Marked 1 agent(s) offline: nova"})
        row, *_ = self.get("/api/activities?type=agent_status_change").body["activities"]
        assert (row["actor"], row["data"]) == ("heartbeat", None)
        assert row["description"] == "Agent status changed to offline"
        assert self.run_job(HEARTBEAT).body == {"ok": True, "message": "All agents healthy"}
        assert self.task(HEARTBEAT)["lastRun"] is None
        assert not JobRecord.objects.exists()

    def test_every_job_can_be_run_by_hand_while_switched_off(self):
        assert self.run_job("auto_cleanup").body == {"ok": True, "message": "Cleaned 0 stale records"}
        message = self.run_job("auto_backup").body["message"]
        assert message.startswith("Backup created (") and message.endswith("KB)")
        audit = Event.objects.audit(1).get(type="auto_backup")
        assert (audit.actor, audit.data["actor_id"]) == ("scheduler", None)
        assert self.get("/api/backup", as_=self.alice).body["backups"]

    def test_an_unknown_job_is_told_the_known_ones(self):
        error = {"error": f"task_id required: {', '.join(LISTED)}"}
        assert error["error"].startswith("task_id required: auto_backup, auto_cleanup, agent_heartbeat")
        for body in (b"", b"{", {}, [], {"task_id": "dance"}, {"task_id": ""}, {"task_id": ["auto_backup"]}):
            with self.subTest(body=body):
                answer = self.post(PATH, body, as_=self.alice)
                assert (answer.status, answer.body) == (400, error)

    def test_the_timeout_of_agents_is_a_setting(self):
        agent = make_agent("nova", status="idle")
        Agent.objects.filter(pk=agent.pk).update(heard_at=self.now - timedelta(minutes=20))
        self.switch("general.agent_timeout_minutes", "30")
        assert self.run_job(HEARTBEAT).body["message"] == "All agents healthy"
        self.switch("general.agent_timeout_minutes", "15")
        assert self.run_job(HEARTBEAT).body["message"] == "Marked 1 agent(s) offline: nova"

    def test_a_strict_workspace_is_refused(self):
        self.elsewhere.isolation = "strict"
        self.elsewhere.save()
        assert self.get(PATH, as_=self.charlie).status == 403
