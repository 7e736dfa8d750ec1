from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from activity.models import Event
from agents.models import Agent
from alerts.workload import advice
from tasks.models import Task
from tests.base import BaseTestCase, LegacyApiTestCase, actor_of
from tests.factories import make_agent, make_task

PATH = "/api/workload"
CALM = {"error_rate": 0, "pending": 0, "busy_ratio": 0, "online": 1, "total": 1}


class WorkloadTests(LegacyApiTestCase):
    def test_an_empty_workspace(self):
        answer = self.get(PATH, as_=self.vera).body
        assert abs(answer.pop("timestamp") - timezone.now().timestamp()) < 60
        assert answer == {
            "workspace_id": 1,
            "capacity": {
                "active_tasks": 0,
                "tasks_last_5m": 0,
                "errors_last_5m": 0,
                "error_rate_5m": 0,
                "completions_last_hour": 0,
                "avg_completion_rate_per_hour": 0,
            },
            "queue": {
                "total_pending": 0,
                "by_status": {"inbox": 0, "assigned": 0, "in_progress": 0, "review": 0, "quality_review": 0},
                "by_priority": {"low": 0, "medium": 0, "high": 0, "critical": 0, "urgent": 0},
                "oldest_pending_age_seconds": None,
                "estimated_wait_seconds": None,
                "estimated_wait_confidence": "unknown",
            },
            "agents": {
                "total": 0, "online": 0, "busy": 0, "idle": 0, "offline": 0, "busy_ratio": 0, "load_distribution": [],
            },
            "recommendation": {
                "action": "pause",
                "reason": "System unavailable — hold all submissions until capacity returns",
                "details": ["No agents registered"],
                "submit_ok": False,
                "suggested_delay_ms": 30_000,
            },
            "thresholds": {
                "queue_depth_normal": 20,
                "queue_depth_throttle": 50,
                "queue_depth_shed": 100,
                "busy_agent_ratio_throttle": 0.8,
                "busy_agent_ratio_shed": 0.95,
                "error_rate_throttle": 0.1,
                "error_rate_shed": 0.25,
                "recent_window_seconds": 300,
            },
        }  # fmt: skip

    def test_the_queue(self):
        for status in ("INBOX", "ASSIGNED", "IN_PROGRESS", "REVIEW", "QUALITY_REVIEW", "BACKLOG", "FAILED", "BLOCKED"):
            make_task(status=status, priority=1 if status == "INBOX" else 4)
        old = make_task(status="ASSIGNED")
        Task.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(seconds=930))
        for _ in range(2):
            make_task(status="DONE")
        late = make_task(status="DONE")
        Task.objects.filter(pk=late.pk).update(updated_at=timezone.now() - timedelta(hours=2))
        make_task(actor=actor_of(self.charlie))
        answer = self.get(PATH).body
        queue = answer["queue"]
        assert queue["total_pending"] == 6
        assert queue["by_status"] == {"inbox": 1, "assigned": 2, "in_progress": 1, "review": 1, "quality_review": 1}
        assert queue["by_priority"] == {"low": 4, "medium": 1, "high": 0, "critical": 1, "urgent": 0}
        assert 930 <= queue["oldest_pending_age_seconds"] <= 960
        assert (queue["estimated_wait_seconds"], queue["estimated_wait_confidence"]) == (10_800, "calculated")
        capacity = answer["capacity"]
        assert (capacity["active_tasks"], capacity["completions_last_hour"]) == (5, 2)
        assert capacity["avg_completion_rate_per_hour"] == 0.13

    def test_the_last_minutes(self):
        make_task(), make_task()
        Event.objects.update(at=timezone.now() - timedelta(seconds=400))
        task = make_task()
        self.put(f"/api/tasks/{task.pk}", {"title": "x"})
        Event.objects.create(
            kind="activity.created", type="task_dispatch_failed", at=timezone.now(), workspace_id=1, subject="task:1"
        )
        make_task(actor=actor_of(self.charlie))
        capacity = self.get(PATH).body["capacity"]
        assert (capacity["tasks_last_5m"], capacity["errors_last_5m"]) == (1, 1)
        assert capacity["error_rate_5m"] == 0.3333

    def test_the_agents(self):
        for name, status in (("a", "idle"), ("b", "busy"), ("c", "online"), ("d", "offline"), ("e", "error")):
            agent = make_agent(name)
            Agent.objects.filter(pk=agent.pk).update(status=status)
        make_task(assigned_to="b"), make_task(assigned_to="c"), make_task(assigned_to="d")
        make_task(assigned_to="c", status="IN_PROGRESS"), make_task(assigned_to="c", status="REVIEW")
        make_agent("theirs", actor=actor_of(self.charlie))
        assert self.get(PATH).body["agents"] == {
            "total": 5,
            "online": 2,
            "busy": 1,
            "idle": 1,
            "offline": 1,
            "busy_ratio": 0.5,
            "load_distribution": [
                {"agent": "c", "assigned": 1, "in_progress": 1},
                {"agent": "b", "assigned": 1, "in_progress": 0},
                {"agent": "a", "assigned": 0, "in_progress": 0},
                {"agent": "e", "assigned": 0, "in_progress": 0},
            ],
        }

    def test_agents_that_are_merely_online_do_not_lift_the_pause(self):
        agent = make_agent("a")
        Agent.objects.filter(pk=agent.pk).update(status="online")
        advised = self.get(PATH).body["recommendation"]
        assert (advised["action"], advised["details"]) == ("pause", ["No agents online"])

    def test_the_number_of_queries_does_not_grow(self):
        counts = []
        for n in (1, 6):
            for i in range(n):
                make_agent(f"{n}-{i}")
                make_task(assigned_to=f"{n}-{i}")
            self.get(PATH)
            with CaptureQueriesContext(connection) as queries:
                self.get(PATH)
            counts.append(sum("activity_event WHERE id >=" not in query["sql"] for query in queries))
        assert counts[0] == counts[1] <= 8


class AdviceTests(BaseTestCase):
    def advised(self, **figures):
        found = advice(**{**CALM, **figures}, thresholds=settings.WORKLOAD)
        return found["action"], found["details"]

    def test_each_figure_asks_for_its_own(self):
        for figures, action, details in (
            ({}, "normal", ["All metrics within normal bounds"]),
            ({"pending": 49, "busy_ratio": 0.79, "error_rate": 0.0999}, "normal", ["All metrics within normal bounds"]),
            ({"pending": 50}, "throttle", ["Queue depth high: 50 pending tasks"]),
            ({"pending": 120}, "shed", ["Queue depth critical: 120 pending tasks"]),
            ({"busy_ratio": 0.8}, "throttle", ["Agent saturation high: 80% busy"]),
            ({"busy_ratio": 0.95}, "shed", ["Agent saturation critical: 95% busy"]),
            ({"error_rate": 0.1}, "throttle", ["Elevated error rate: 10.0%"]),
            ({"error_rate": 0.26}, "shed", ["High error rate: 26.0%"]),
            (
                {"error_rate": 0.26, "pending": 60, "busy_ratio": 0.8},
                "shed",
                ["High error rate: 26.0%", "Queue depth high: 60 pending tasks", "Agent saturation high: 80% busy"],
            ),
            ({"pending": 60, "online": 0}, "pause", ["Queue depth high: 60 pending tasks", "No agents online"]),
            ({"online": 0, "total": 0}, "pause", ["No agents registered"]),
        ):
            with self.subTest(figures=figures):
                assert self.advised(**figures) == (action, details)

    def test_what_follows_from_it(self):
        for figures, told in (
            ({}, ("System healthy — submit work freely", True, 0)),
            (
                {"pending": 50},
                ("System under load — reduce submission rate and defer non-critical work", True, 2000),
            ),
            (
                {"pending": 100},
                ("System overloaded — submit only critical/high-priority work, defer everything else", False, 10_000),
            ),
            ({"online": 0}, ("System unavailable — hold all submissions until capacity returns", False, 30_000)),
        ):
            found = advice(**{**CALM, **figures}, thresholds=settings.WORKLOAD)
            assert (found["reason"], found["submit_ok"], found["suggested_delay_ms"]) == told
