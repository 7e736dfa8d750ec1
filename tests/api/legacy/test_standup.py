from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext

from activity.models import Event
from system.models import StandupReport
from tasks.models import Task
from tests.base import LegacyApiTestCase
from tests.factories import make_agent, make_task

PATH = "/api/standup"
SUMMARY = [
    "totalAgents", "totalCompleted", "totalInProgress", "totalAssigned", "totalReview", "totalBlocked",
    "totalActivity", "overdue",
]  # fmt: skip
REPORT = [
    "date", "generatedAt", "summary", "agentReports", "teamAccomplishments", "teamBlockers", "overdueTasks",
]  # fmt: skip


class ReportTests(LegacyApiTestCase):
    def setUp(self):
        super().setUp()
        make_agent("nova"), make_agent("luna")

    def ask(self, body=None, **options):
        answer = self.post(PATH, {} if body is None else body, **options)
        assert answer.status == 200, answer.body
        return answer.body["standup"]

    def of(self, name, report):
        (found,) = [row for row in report["agentReports"] if row["agent"]["name"] == name]
        return found

    def test_an_empty_day(self):
        answer = self.post(PATH, {})
        assert list(answer.body) == ["standup"]
        report = answer.body["standup"]
        assert list(report) == REPORT
        assert list(report["summary"]) == SUMMARY
        assert (report["summary"]["totalAgents"], report["summary"]["totalCompleted"]) == (2, 0)
        assert report["date"] == datetime.now(UTC).date().isoformat()
        assert report["generatedAt"].endswith("Z")
        assert [row["agent"]["name"] for row in report["agentReports"]] == ["luna", "nova"]
        luna = report["agentReports"][0]
        assert list(luna) == ["agent", "completedToday", "inProgress", "assigned", "review", "blocked", "activity"]
        assert luna["agent"] == {
            "name": "luna", "role": "coder", "status": "offline", "last_seen": None, "last_activity": None,
        }  # fmt: skip
        assert luna["activity"] == {"actionCount": 0, "commentsCount": 0}

    def test_each_task_is_in_its_list(self):
        for status in ("IN_PROGRESS", "ASSIGNED", "REVIEW", "QUALITY_REVIEW", "BLOCKED", "DONE", "INBOX"):
            task = make_task(status, assigned_to="nova")
            Task.objects.filter(pk=task.pk).update(status=status)
        tagged = make_task("stuck", assigned_to="nova", metadata={"reason": "blocked by luna"})
        report = self.ask()
        nova = self.of("nova", report)
        lists = {name: [task["title"] for task in nova[name]] for name in list(nova)[1:6]}
        assert lists == {
            "completedToday": ["DONE"],
            "inProgress": ["IN_PROGRESS"],
            "assigned": ["ASSIGNED", "stuck"],
            "review": ["REVIEW", "QUALITY_REVIEW"],
            "blocked": ["BLOCKED", "stuck"],
        }
        assert list(nova["completedToday"][0]) == ["id", "title", "status", "updated_at"]
        assert list(nova["inProgress"][0]) == ["id", "title", "status", "created_at", "due_date"]
        assert list(nova["assigned"][0]) == ["id", "title", "status", "created_at", "due_date", "priority"]
        assert list(nova["review"][0]) == ["id", "title", "status", "updated_at"]
        assert list(nova["blocked"][0]) == ["id", "title", "status", "priority", "created_at", "metadata"]
        assert nova["blocked"][1] == {
            "id": tagged.pk, "title": "stuck", "status": "assigned", "priority": "medium",
            "created_at": int(tagged.created_at.timestamp()), "metadata": '{"reason":"blocked by luna"}',
        }  # fmt: skip
        assert self.of("luna", report)["assigned"] == []
        summary = report["summary"]
        assert [summary[name] for name in SUMMARY[:6]] == [2, 1, 1, 2, 2, 2]
        assert [row["title"] for row in report["teamBlockers"]] == ["BLOCKED", "stuck"]
        assert report["teamBlockers"][0]["agent"] == "nova"

    def test_the_order_of_the_lists(self):
        for n, priority in enumerate((4, 1, 2)):
            make_task(f"{n}", assigned_to="nova", priority=priority)
        for n in range(2):
            done = make_task(f"done {n}", assigned_to="nova")
            Task.objects.filter(pk=done.pk).update(status="DONE", updated_at=self.now)
        nova = self.of("nova", self.ask())
        assert [task["title"] for task in nova["assigned"]] == ["1", "2", "0"]
        assert [task["title"] for task in nova["completedToday"]] == ["done 1", "done 0"]

    def test_the_day_decides_what_was_done(self):
        task = make_task("old", assigned_to="nova")
        Task.objects.filter(pk=task.pk).update(status="DONE", updated_at=datetime(2026, 3, 4, 23, 59, tzinfo=UTC))
        assert self.ask()["summary"]["totalCompleted"] == 0
        assert self.ask({"date": "2026-03-05"})["summary"]["totalCompleted"] == 0
        report = self.ask({"date": "2026-03-04"})
        assert (report["date"], report["summary"]["totalCompleted"]) == ("2026-03-04", 1)
        assert report["teamAccomplishments"] == [
            {"id": task.pk, "title": "old", "status": "done", "updated_at": 1772668740, "agent": "nova"}
        ]

    def test_only_ten_accomplishments_are_named(self):
        for n in range(12):
            task = make_task(f"{n}", assigned_to="nova")
            Task.objects.filter(pk=task.pk).update(status="DONE")
        report = self.ask()
        assert (len(report["teamAccomplishments"]), report["summary"]["totalCompleted"]) == (10, 12)

    def test_what_is_overdue_is_told_of_everybody(self):
        late = make_task("late", due_at=self.now - timedelta(days=1))
        make_task("later", due_at=self.now + timedelta(days=1))
        done = make_task("done", due_at=self.now - timedelta(days=1))
        Task.objects.filter(pk=done.pk).update(status="DONE")
        report = self.ask({"agents": ["nova"]})
        assert (report["summary"]["overdue"], [row["id"] for row in report["overdueTasks"]]) == (1, [late.pk])
        assert report["overdueTasks"][0]["agent_name"] is None

    def test_doings_are_counted(self):
        task = make_task(assigned_to="nova")
        self.post("/api/agents/nova/heartbeat", {})
        key = self.post(f"/api/tasks/{task.pk}/comments", {"content": "hello"}, as_=self.alice)
        assert key.status == 201
        report = self.ask()
        actions = Event.objects.filter(kind="activity.created", actor="nova").count()
        assert actions > 0
        assert self.of("nova", report)["activity"] == {"actionCount": actions, "commentsCount": 0}
        assert report["summary"]["totalActivity"] == actions
        assert self.ask({"date": "2026-03-04"})["summary"]["totalActivity"] == 0

    def test_some_agents_only(self):
        make_task(assigned_to="nova"), make_task(assigned_to="luna")
        report = self.ask({"agents": ["nova", "nobody"]})
        assert [row["agent"]["name"] for row in report["agentReports"]] == ["nova"]
        assert report["summary"]["totalAssigned"] == 1
        assert self.ask({"agents": []})["summary"]["totalAssigned"] == 2

    def test_an_agent_with_a_long_list_shows_the_first_hundred_and_counts_all(self):
        for n in range(103):
            make_task(f"{n}", assigned_to="nova")
        report = self.ask()
        assert (len(self.of("nova", report)["assigned"]), report["summary"]["totalAssigned"]) == (100, 103)

    def test_bad_bodies(self):
        for body in (b"", b"{", [], "x"):
            assert self.post(PATH, body).body == {"error": "Invalid request body"}
        for date in ("2026-02-30", "today", "2026-1-1", "20260101", 5, ["2026-01-01"], "0001-01-01", "9999-12-31"):
            with self.subTest(date=date):
                answer = self.post(PATH, {"date": date})
                assert (answer.status, answer.body) == (400, {"error": "Invalid date. Expected YYYY-MM-DD"})
        for agents in ("nova", [5], {"a": 1}):
            assert self.post(PATH, {"agents": agents}).status == 400
        assert self.post(PATH, {"date": "", "agents": None}).status == 200

    def test_it_is_told(self):
        self.ask(as_=self.alice)
        event = Event.objects.get(type="standup_generated")
        assert (event.actor, event.subject) == ("api", "standup:0")
        assert event.data["agentCount"] == 2
        assert event.data["tasksSummary"] == {
            "completed": 0, "inProgress": 0, "assigned": 0, "review": 0, "blocked": 0,
        }  # fmt: skip

    def test_an_outsider_reports_of_others(self):
        make_task(assigned_to="nova", due_at=self.now - timedelta(days=1))
        report = self.ask(as_=self.charlie)
        assert (report["summary"]["totalAgents"], report["summary"]["overdue"]) == (0, 0)
        assert self.post(PATH, {}, as_=self.vera).status == 403

    def test_the_number_of_queries_does_not_grow_with_the_agents(self):
        self.ask()
        asked = []
        for n in range(2):
            with CaptureQueriesContext(connection) as queries:
                self.post(PATH, {})
            asked.append(len(queries))
            for i in range(5):
                make_task(assigned_to=make_agent(f"{n}-{i}").name)
        assert asked[0] == asked[1] < 30


class HistoryTests(LegacyApiTestCase):
    def ask(self, query="", **options):
        return self.get(f"{PATH}?{query}", **options).body

    def test_reports_are_listed_newest_first_and_one_a_day(self):
        for day in ("2026-03-05", "2026-03-04", "2026-03-05"):
            self.post(PATH, {"date": day})
        answer = self.ask(as_=self.vera)
        assert list(answer) == ["history", "total", "page", "limit"]
        assert (answer["total"], answer["page"], answer["limit"]) == (2, 1, 10)
        assert [row["id"] for row in answer["history"]] == ["2026-03-05-0", "2026-03-04-1"]
        first = answer["history"][0]
        assert list(first) == ["id", "date", "generatedAt", "summary", "agentCount"]
        assert (first["date"], list(first["summary"])) == ("2026-03-05", SUMMARY)

    def test_pages(self):
        for day in range(1, 4):
            self.post(PATH, {"date": f"2026-03-0{day}"})
        for query, ids, page, limit in (
            ("limit=2", ["2026-03-03-0", "2026-03-02-1"], 1, 2),
            ("limit=2&offset=2", ["2026-03-01-0"], 2, 2),
            ("limit=9999&offset=3", [], 1, 200),
            ("limit=0", [], None, 0),
            (f"limit=junk&offset={10**30}", [], 2**53 // 10 + 1, 10),
        ):
            with self.subTest(query=query):
                answer = self.ask(query)
                assert [row["id"] for row in answer["history"]] == ids
                assert (answer["total"], answer["page"], answer["limit"]) == (3, page, limit)

    def test_each_workspace_has_its_own_report_of_a_day(self):
        self.post(PATH, {"date": "2026-03-04"}), self.post(PATH, {"date": "2026-03-04"}, as_=self.charlie)
        assert StandupReport.objects.count() == 2
        assert self.ask()["total"] == self.ask(as_=self.charlie)["total"] == 1
