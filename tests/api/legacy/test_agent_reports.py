"""Diagnostics and attribution of one agent."""

from __future__ import annotations

from datetime import timedelta

from accounts.services import issue_key
from activity.models import Event
from activity.services import record, story
from core.actors import Role, system
from core.ids import ref
from tasks.models import Task
from tests.base import LegacyApiTestCase, actor_of
from tests.factories import make_agent, make_task
from tokens.services import Report, book

NO_DIAGNOSTICS = {"error": "Diagnostics are self-scoped. Use privileged=1 with admin role for cross-agent access."}
NO_ATTRIBUTION = {"error": "Forbidden: attribution is self-scope by default. Admin can use ?privileged=1 override."}


class ReportCase(LegacyApiTestCase):
    def setUp(self):
        super().setUp()
        self.agent = make_agent("nova", role="coder", config={"model": {}, "framework": "x"})
        self.key = issue_key(
            actor=system(1), name="k", role=Role.OPERATOR, workspace=self.home, agent=(self.agent.pk, "nova")
        )[1]

    def path(self, query="", key="nova"):
        return f"/api/agents/{key}/{self.report}?{query}"

    def own(self, query=""):
        return self.get(self.path(query), as_=self.key)

    def do_things(self, *, hours_ago=0, n=1):
        at = self.now - timedelta(hours=hours_ago)
        for _ in range(n):
            task = ref("task", 1)
            record(story("task_updated", by="nova", subject=task, workspace_id=1, description="did"), at=at)

    def spend(self, model="claude-sonnet-4", *, hours_ago=0, agent="nova", workspace=1):
        report = Report(workspace, model, f"{agent}:cli", 1000, 500)
        book([report], now=self.now - timedelta(hours=hours_ago))


class DiagnosticsTests(ReportCase):
    report = "diagnostics"

    def test_an_agent_sees_all_sections_of_its_own(self):
        answer = self.own()
        assert answer.status == 200
        assert list(answer.body) == [
            "agent", "timeframe", "summary", "tasks", "errors", "activity", "trends", "tokens",
        ]  # fmt: skip
        assert answer.body["agent"] == {"id": self.agent.pk, "name": "nova", "role": "coder", "status": "offline"}
        frame = answer.body["timeframe"]
        assert (frame["hours"], frame["until"] - frame["since"]) == (24, 86_400)
        assert answer.body["summary"] == {
            "tasks_completed": 0, "tasks_total": 0, "activity_count": 0, "error_count": 0, "error_rate_percent": 0,
        }  # fmt: skip
        assert answer.body["tokens"] == {
            "by_model": [], "total": {"input_tokens": 0, "output_tokens": 0, "requests": 0},
        }  # fmt: skip

    def test_it_counts_tasks_activity_and_tokens(self):
        done = make_task("a", assigned_to="nova", priority=2)
        Task.objects.filter(pk=done.pk).update(status="DONE", completed_at=self.now)
        make_task("b", assigned_to="nova")
        make_task("c", assigned_to="other")
        self.do_things(n=3), self.do_things(hours_ago=30, n=6)
        self.spend(), self.spend(), self.spend("gpt-4o"), self.spend(hours_ago=30), self.spend(agent="other")
        body = self.own().body
        assert body["summary"] == {
            "tasks_completed": 1, "tasks_total": 2, "activity_count": 3, "error_count": 0, "error_rate_percent": 0,
        }  # fmt: skip
        assert body["tasks"]["by_status"] == {"done": 1, "assigned": 1}
        assert body["tasks"]["by_priority"] == {"high": 1, "medium": 1}
        assert [task["title"] for task in body["tasks"]["recent_completed"]] == ["a"]
        assert body["tasks"]["throughput_per_day"] == 1
        assert body["activity"]["by_type"] == [{"type": "task_updated", "count": 3}]
        timeline = body["activity"]["timeline"]
        assert sum(bucket["count"] for bucket in timeline) == 3
        assert all(bucket["timestamp"] % 3600 == 0 and bucket["hour"].endswith(":00:00.000Z") for bucket in timeline)
        assert body["trends"]["current_period"] == {"activities": 3, "errors": 0, "tasks_completed": 1}
        assert body["trends"]["previous_period"] == {"activities": 6, "errors": 0, "tasks_completed": 0}
        assert body["trends"]["change"] == {"activities_pct": -50.0, "errors_pct": 0, "tasks_completed_pct": 100}
        assert [alert["level"] for alert in body["trends"]["alerts"]] == ["info"]
        assert body["tokens"]["total"] == {"input_tokens": 3000, "output_tokens": 1500, "requests": 3}
        assert [(row["model"], row["requests"]) for row in body["tokens"]["by_model"]] == [
            ("claude-sonnet-4", 2), ("gpt-4o", 1),
        ]  # fmt: skip

    def test_only_wanted_sections_are_there(self):
        assert list(self.own("section=tokens,%20summary").body) == ["agent", "timeframe", "summary", "tokens"]
        assert len(self.own("section=").body) == 8

    def test_the_span_is_the_callers(self):
        self.do_things(hours_ago=30)
        assert self.own("hours=48").body["summary"]["activity_count"] == 1
        assert self.own("hours=720").status == 200
        assert self.own("hours=").body["timeframe"]["hours"] == 24

    def test_bad_queries(self):
        for hours in ("0", "721", "-1", "abc", "1.5", "9" * 30, "%00"):
            answer = self.own(f"hours={hours}")
            assert (answer.status, answer.body) == (400, {"error": "hours must be between 1 and 720"})
        answer = self.own("section=tasks,cost,x")
        assert (answer.status, answer.body) == (400, {"error": "Invalid section value(s): cost, x"})

    def test_who_may_ask(self):
        assert self.get(self.path(), x_agent_name="nova").status == 200
        assert self.get(self.path("privileged=1"), as_=self.alice).status == 200
        make_agent("bob")
        self.client.force_login(self.bob)
        assert self.call("GET", self.path(key="bob")).status == 200
        for who, query in ((self.alice, ""), (self.alice, "privileged=true"), (self.bob, "privileged=1")):
            answer = self.get(self.path(query), as_=who)
            assert (answer.status, answer.body) == (403, NO_DIAGNOSTICS)
        for name in ("other", "api", "Bob"):
            make_agent(name)
            assert self.get(self.path("privileged=1", key=name), as_=self.key).body == NO_DIAGNOSTICS
            assert self.get(self.path("privileged=1", key=name)).body == NO_DIAGNOSTICS

    def test_what_is_not_there_is_not_found(self):
        make_agent("theirs", actor=actor_of(self.charlie))
        for key in ("nobody", "theirs", "9" * 40):
            answer = self.get(self.path("privileged=1", key=key), as_=self.alice)
            assert (answer.status, answer.body) == (404, {"error": "Agent not found"})

    def test_other_workspaces_are_left_out(self):
        make_agent("nova", actor=actor_of(self.charlie))
        self.do_things(), self.spend()
        body = self.get(self.path("privileged=1"), as_=self.charlie).body
        assert (body["summary"]["activity_count"], body["tokens"]["total"]["requests"]) == (0, 0)

    def test_more_rows_take_no_more_queries(self):
        for _ in range(2):
            self.do_things(n=5), self.spend()
            task = make_task(assigned_to="nova")
            Task.objects.filter(pk=task.pk).update(status="DONE", completed_at=self.now)
            self.own()
            with self.assertNumQueries(9):
                self.own()


class AttributionTests(ReportCase):
    report = "attribution"

    def test_all_four_sections(self):
        answer = self.own()
        assert answer.status == 200
        assert list(answer.body) == [
            "agent_name", "timeframe", "access_scope", "identity", "audit", "mutations", "cost",
        ]  # fmt: skip
        assert (answer.body["agent_name"], answer.body["access_scope"]) == ("nova", "self")
        identity = answer.body["identity"]
        assert list(identity) == [
            "id", "name", "role", "status", "last_seen", "last_activity", "created_at", "session_key", "has_soul",
            "config_keys", "lifetime_stats",
        ]  # fmt: skip
        assert sorted(identity["config_keys"]) == ["framework", "model"]
        assert identity["lifetime_stats"] == {
            "tasks_total": 0, "tasks_completed": 0, "tasks_active": 0, "comments_authored": 0,
        }  # fmt: skip

    def test_its_creation_is_a_change_of_status(self):
        mutations = self.own("section=mutations").body["mutations"]
        (created,) = mutations["status_changes"]
        assert list(created) == ["id", "type", "description", "data", "created_at"]
        assert created["type"] == "agent_created"
        assert mutations["summary"] == {
            "task_mutations_count": 0, "comments_count": 0, "status_changes_count": 1,
        }  # fmt: skip

    def test_what_it_did_is_its_own(self):
        task = self.post("/api/tasks", {"title": "Build", "assigned_to": "nova"}, as_=self.key).body["task"]
        self.put(f"/api/tasks/{task['id']}", {"status": "in_progress"}, as_=self.key)
        self.post(f"/api/tasks/{task['id']}/comments", {"content": "on it"}, as_=self.key)
        self.post("/api/tasks", {"title": "not nova's"})
        self.put("/api/agents", {"name": "nova", "status": "busy"})
        body = self.own().body
        assert body["identity"]["lifetime_stats"] == {
            "tasks_total": 1, "tasks_completed": 0, "tasks_active": 1, "comments_authored": 1,
        }  # fmt: skip
        mutations = body["mutations"]
        assert [row["type"] for row in mutations["task_mutations"]] == ["task_updated", "task_created"]
        assert [(row["content"], row["task_title"]) for row in mutations["comments"]] == [("on it", "Build")]
        assert [row["type"] for row in mutations["status_changes"]] == ["agent_status_change", "agent_created"]
        audit = body["audit"]
        assert audit["by_type"] == {
            "task_created": 1, "task_updated": 1, "comment_added": 1, "agent_status_change": 1,
        }  # fmt: skip
        assert audit["total_activities"] == len(audit["activities"]) == 4
        assert audit["activities"][0]["type"] == "agent_status_change"

    def test_its_audit_rows_are_listed(self):
        self.post("/api/agents/register", {"name": "helper"}, as_=self.key)
        (entry,) = self.own("section=audit").body["audit"]["audit_log_entries"]
        assert (entry["action"], entry["target_type"]) == ("agent_self_register", "agent")

    def test_cost_by_model_and_day(self):
        self.spend(), self.spend("gpt-4o"), self.spend(hours_ago=26), self.spend(agent="other")
        cost = self.own("section=cost&hours=72").body["cost"]
        assert cost["total"] == {"input_tokens": 3000, "output_tokens": 1500, "requests": 3}
        assert sum(row["requests"] for row in cost["daily_trend"]) == 3
        dates = [row["date"] for row in cost["daily_trend"]]
        assert dates == sorted(set(dates)) and len(dates) >= 2
        assert {row["model"] for row in cost["by_model"]} == {"claude-sonnet-4", "gpt-4o"}

    def test_only_wanted_sections_are_there(self):
        assert list(self.own("section=cost,identity").body) == [
            "agent_name", "timeframe", "access_scope", "identity", "cost",
        ]  # fmt: skip

    def test_bad_queries(self):
        for hours in ("0", "721", "x", "2.5"):
            answer = self.own(f"hours={hours}")
            assert (answer.status, answer.body) == (400, {"error": "Invalid hours. Expected integer 1..720."})
        answer = self.own("section=summary")
        assert (answer.status, answer.body) == (400, {"error": "Invalid section value(s): summary"})

    def test_who_may_ask(self):
        answer = self.get(self.path("privileged=1"), as_=self.alice)
        assert (answer.status, answer.body["access_scope"]) == (200, "privileged")
        assert self.get(self.path("privileged=1"), as_=self.alice, x_agent_name="nova").body["access_scope"] == "self"
        for who, query in ((self.alice, ""), (self.bob, "privileged=1"), (self.vera, "")):
            answer = self.get(self.path(query), as_=who)
            assert (answer.status, answer.body) == (403, NO_ATTRIBUTION)
        answer = self.get(self.path("privileged=1", key="nobody"), as_=self.alice)
        assert (answer.status, answer.body) == (404, {"error": "Agent not found"})

    def test_lists_are_capped_and_take_no_more_queries(self):
        for _ in range(2):
            self.do_things(n=60)
            self.own()
            with self.assertNumQueries(13):
                body = self.own().body
        assert body["audit"]["total_activities"] == 120
        assert len(body["audit"]["activities"]) == len(body["mutations"]["task_mutations"]) == 100
        assert Event.objects.count() >= 120
