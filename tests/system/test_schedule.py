from __future__ import annotations

import time
from datetime import timedelta
from unittest.mock import patch

from django.test import TransactionTestCase
from django.utils import timezone

from activity.leases import kept_lease, lease
from activity.models import Event, Lease
from core.metrics import counted
from governance.models import Alert
from system.models import JobRecord, JobRun, Setting
from system.schedule import JOBS, LISTED
from system.services import scheduler
from system.services.scheduler import DIED, enter_jobs, run_by_hand, run_due, statuses
from tests.base import BaseTestCase

LIVENESS = JOBS["liveness"]
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class ScheduleTestCase(BaseTestCase):
    def setUp(self):
        super().setUp()
        enter_jobs(now=self.now)
        # All at rest but for the one that a test looks at.
        JobRecord.objects.update(next_run=self.now + 365 * DAY)
        self.due(LIVENESS)

    def due(self, job, **fields):
        JobRecord.objects.filter(id=job.id).update(**{"next_run": self.now, **fields})

    def record(self, job=LIVENESS):
        return JobRecord.objects.get(id=job.id)

    def fail(self):
        return patch("system.work.liveness.watch_agents", side_effect=RuntimeError("secret"))


class ScheduleTests(ScheduleTestCase):
    def test_every_job_of_both_contracts_is_there_and_does_its_work(self):
        assert list(LISTED) == [
            "auto_backup",
            "auto_cleanup",
            "agent_heartbeat",
            "webhook_retry",
            "claude_session_scan",
        ]
        rhythms = {job.id: job.rhythm for job in JOBS.values() if job.of == "v1"}
        assert rhythms == {
            "notification_delivery": "every 5 s", "budget_monitor": "every 1 min", "loop_detector": "every 30 s",
            "approval_expirer": "every 1 min", "standup": "every 10 min", "liveness": "every 1 min",
            "cleanup": "every 1 h",
        }  # fmt: skip
        assert JOBS["alert_rules"].rhythm == "every 1 min"
        for job in JOBS.values():
            with self.subTest(job=job.id):
                outcome = run_by_hand(job, now=self.now)
                assert outcome.ok and outcome.message, outcome

    def test_turns_that_were_missed_are_one(self):
        for job in (LIVENESS, JOBS["auto_backup"]):
            self.due(job, next_run=self.now - 3 * DAY)
        Setting.objects.create(key="general.auto_backup", value="true", updated_at=self.now)
        began = self.now
        assert run_due(now=began) == ["auto_backup", "liveness"]
        assert run_due(now=began) == []
        assert self.record().next_run > began
        assert timedelta() < self.record(JOBS["auto_backup"]).next_run - began <= DAY + MINUTE

    def test_what_nobody_has_set_is_on_and_what_is_off_does_not_run(self):
        assert all(job.enabled for job in JOBS.values() if job.id not in ("auto_backup", "auto_cleanup"))
        scheduler.switch([LIVENESS], on=False, actor=self.alice.as_actor(), now=self.now)
        assert run_due(now=self.now) == []
        scheduler.switch([LIVENESS], on=True, actor=self.alice.as_actor(), now=self.now)
        assert run_due(now=self.now + 2 * MINUTE) == ["liveness"]

    def test_what_has_nothing_to_do_leaves_no_trace(self):
        job = JOBS["notification_delivery"]
        self.due(job)
        self.due(LIVENESS, next_run=self.now + DAY)
        run_due(now=self.now)
        assert not JobRun.objects.exists() and not Lease.objects.filter(name=f"job:{job.id}").exists()
        now = self.now + HOUR
        [status] = statuses(now=now, jobs=[job])
        assert status.next_run == now

    def test_a_run_is_kept_and_measured(self):
        labels = {"job": "liveness", "outcome": "success"}
        before = counted().get_sample_value("mc_job_seconds_count", labels) or 0
        run_due(now=self.now)
        with self.fail():
            run_by_hand(LIVENESS, now=self.now)
        first, second = JobRun.objects.order_by("id")
        assert (first.ok, first.message, first.by_hand) == (True, "Changed 0 agents", False)
        assert (second.ok, "secret" in second.message, second.by_hand) == (False, False, True)
        assert counted().get_sample_value("mc_job_seconds_count", labels) == before + 1
        assert counted().get_sample_value("mc_job_seconds_count", {**labels, "outcome": "failure"})

    def test_the_newest_runs_are_kept(self):
        with patch.object(scheduler, "RUNS_KEPT", 5):
            for _ in range(21):
                run_by_hand(LIVENESS, now=self.now)
        assert 5 <= JobRun.objects.count() < 15

    def test_a_slow_job_leaves_the_rest_to_the_next_tick(self):
        self.due(JOBS["budget_monitor"])
        with patch.object(scheduler, "TICK_SECONDS", 0):
            assert run_due(now=self.now) == ["budget_monitor"]
            assert run_due(now=self.now) == ["liveness"]


class FailureTests(ScheduleTestCase):
    def run_often(self, times):
        for n in range(times):
            self.due(LIVENESS)
            assert run_due(now=self.now) == ["liveness"], n

    def test_the_third_failure_in_a_row_is_told_and_success_ends_the_row(self):
        with self.fail():
            self.run_often(2)
        self.run_often(1)
        with self.fail():
            self.run_often(2)
            assert not Alert.objects.exists()
            self.run_often(2)
        alert = Alert.objects.get()
        assert (alert.type, alert.severity, alert.metadata["job"]) == ("SYSTEM_ERROR", "CRITICAL", "liveness")
        assert alert.metadata["count"] == 2
        assert "secret" not in alert.description
        self.run_often(1)
        assert self.record().failures == 0

    def test_who_died_is_followed_by_another_once_its_lease_is_over(self):
        began = self.now
        self.due(LIVENESS, running_since=began, next_run=began + DAY)
        Lease.objects.create(name="job:liveness", holder="dead", until=began + MINUTE)
        assert run_due(now=began + timedelta(seconds=59)) == []
        assert statuses(now=began, jobs=[LIVENESS])[0].running
        assert run_due(now=began + MINUTE) == ["liveness"]
        record = self.record()
        assert (record.ok, record.running_since, record.deaths, record.failures) == (True, None, 0, 0)
        assert record.next_run == began + DAY
        assert list(JobRun.objects.order_by("id").values_list("ok", "message")) == [
            (False, DIED), (True, "Changed 0 agents"),
        ]  # fmt: skip
        assert run_due(now=began + MINUTE) == []

    def test_what_kills_every_worker_waits_for_its_next_turn(self):
        tomorrow = self.now + DAY
        self.due(LIVENESS, next_run=tomorrow, running_since=self.now, deaths=2, failures=2)
        assert run_due(now=self.now) == []
        assert self.record().running_since is None
        assert Alert.objects.get().type == "SYSTEM_ERROR"
        assert run_due(now=self.now) == []
        assert run_due(now=tomorrow) == ["liveness"]

    def test_what_died_and_was_switched_off_is_not_begun_again(self):
        self.due(LIVENESS, running_since=self.now)
        scheduler.switch([LIVENESS], on=False, actor=self.alice.as_actor(), now=self.now)
        assert run_due(now=self.now) == []
        assert self.record().running_since is None

    def test_who_was_taken_for_dead_does_not_overwrite_who_took_over(self):
        taken_over = self.now + MINUTE

        def slow(*, now, silence):
            JobRecord.objects.filter(id="liveness").update(running_since=taken_over)
            return 7

        with patch("system.work.liveness.watch_agents", slow):
            run_due(now=self.now)
        assert self.record().running_since == taken_over
        assert self.record().message == ""


class KeptLeaseTests(TransactionTestCase):
    def test_it_is_prolonged_while_its_holder_lives_and_no_longer(self):
        now = timezone.now()
        with kept_lease("job:long", now=now, seconds=0.3) as got:
            assert got
            first = Lease.objects.get(name="job:long").until
            for _ in range(200):
                time.sleep(0.05)
                if Lease.objects.get(name="job:long").until > first + timedelta(seconds=1):
                    break
            with lease("job:long", now=timezone.now()) as other:
                assert not other
        with lease("job:long", now=timezone.now()) as other:
            assert other
            time.sleep(0.5)
            assert Lease.objects.get(name="job:long").until > timezone.now() + timedelta(seconds=50)


class AdminPageTests(ScheduleTestCase):
    PAGE = "/admin/system/jobrecord/"

    def setUp(self):
        super().setUp()
        self.client.force_login(self.alice)

    def act(self, action, *jobs):
        sent = {"action": action, "_selected_action": jobs}
        return self.client.post(self.PAGE, sent, follow=True).content.decode()

    def test_every_job_is_shown(self):
        JobRecord.objects.all().delete()
        page = self.client.get(self.PAGE).content.decode()
        for job in JOBS.values():
            assert job.name in page and job.rhythm in page

    def test_jobs_are_switched(self):
        assert "Switched off: Liveness, Daily Standup." in self.act("switch_off", "standup", "liveness")
        assert not LIVENESS.enabled
        assert Event.objects.audit(1).filter(type="settings_update", actor="alice").exists()
        self.act("switch_on", "liveness")
        assert LIVENESS.enabled and not JOBS["standup"].enabled

    def test_a_job_is_run_and_its_run_is_listed(self):
        assert "Liveness: Changed 0 agents." in self.act("run_now", "liveness")
        assert "Changed 0 agents" in self.client.get("/admin/system/jobrun/").content.decode()
        with lease("job:liveness", now=self.now):
            assert "Liveness is running already" in self.act("run_now", "liveness")

    def test_only_administrators_see_it(self):
        self.client.force_login(self.bob)
        assert self.client.get(self.PAGE).status_code != 200
