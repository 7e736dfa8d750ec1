from __future__ import annotations

from datetime import timedelta

from accounts.services import issue_key
from activity.models import Event
from agents.models import Agent
from connections.models import Connection
from core.actors import Role, system
from notifications.models import Notification
from tasks.models import Mention, Task
from tasks.services import add_comment
from tests.api.legacy.wire import frames, mark, names
from tests.base import LegacyApiTestCase, actor_of, forget_work
from tests.factories import make_agent, make_task
from tokens.models import TokenUsage

SPENT = {"model": "claude-sonnet-4", "inputTokens": 1500, "outputTokens": 800}


class HeartbeatTestCase(LegacyApiTestCase):
    def setUp(self):
        super().setUp()
        self.agent = make_agent("nova")
        self.path = f"/api/agents/{self.agent.pk}/heartbeat"

    def groups(self, method="POST"):
        """The work items of a beat by group, in order."""
        forget_work()
        answer = self.call(method, self.path, as_=self.bob).body
        return {group["type"]: group for group in answer.get("work_items", [])}


class HeartbeatTests(HeartbeatTestCase):
    def test_without_work_it_is_ok(self):
        for method, as_ in (("GET", self.vera), ("POST", self.bob)):
            with self.subTest(method=method):
                body = self.call(method, self.path, as_=as_).body
                assert isinstance(body.pop("checked_at"), int)
                expected = {"status": "HEARTBEAT_OK", "agent": "nova", "message": "No work items found"}
                assert body == (expected | {"token_recorded": False} if method == "POST" else expected)

    def test_agents_are_found_by_number_or_exact_name(self):
        for key in ("nova", str(self.agent.pk), f"0{self.agent.pk}"):
            assert self.post(f"/api/agents/{key}/heartbeat").body["agent"] == "nova"

    def test_a_beat_is_a_sign_of_life(self):
        for method in ("GET", "POST"):
            Agent.objects.update(status="busy", last_seen=None)
            self.call(method, self.path, as_=self.bob)
            self.agent.refresh_from_db()
            assert (self.agent.status, self.agent.last_activity) == ("idle", "Heartbeat check")
            assert self.agent.last_seen is not None
            assert self.agent.pulse(self.now)[-1] == "beat"

    def test_a_change_of_status_is_told(self):
        before = mark()
        self.post(self.path)
        assert names(before) == ["agent.status_changed", "A:agent_status_change", "A:agent_heartbeat"]
        changed, story, _ = (frame["data"] for frame in frames(before))
        assert changed.pop("last_seen")
        assert changed == {
            "id": self.agent.pk,
            "name": "nova",
            "status": "idle",
            "last_activity": "Heartbeat check",
            "workspace_id": 1,
        }
        assert (story["actor"], story["description"]) == ("nova", "Agent status changed to idle")
        assert story["data"] == {"status": "idle", "activity": "Heartbeat check"}

    def test_the_story_of_a_beat_that_changes_something_tells_what_waits(self):
        for waits, told in (
            ([], "Heartbeat check completed - no work items"),
            (["assigned_tasks", "notifications", "urgent_activities"],
             "Heartbeat check completed - 3 work items found"),
        ):  # fmt: skip
            if waits:
                make_task("for nova", assigned_to="nova")
                make_task("for nova too", assigned_to="nova")
                self.put("/api/agents", {"name": "nova", "status": "busy"})
            self.get(self.path)
            story = self.get("/api/activities?type=agent_heartbeat&limit=1").body["activities"][0]
            assert (story["entity_type"], story["entity_id"], story["actor"]) == ("agent", self.agent.pk, "nova")
            assert story["description"] == told
            assert story["data"] == {"workItemsCount": len(waits), "workItemTypes": waits}

    def test_a_beat_that_changes_nothing_leaves_no_event(self):
        self.post(self.path)
        before = mark()
        self.post(self.path, {"token_usage": SPENT})
        self.get(self.path)
        assert names(before) == []

    def test_the_connection_it_names_is_alive(self):
        id = self.post("/api/connect", {"tool_name": "t", "agent_name": "nova"}).body["connection_id"]
        long_ago = self.now - timedelta(hours=1)
        Connection.objects.update(last_heartbeat=long_ago)
        self.post(self.path, {"connection_id": "no uuid"})
        assert Connection.objects.get().last_heartbeat == long_ago
        self.post(self.path, {"connection_id": id})
        assert Connection.objects.get().last_heartbeat > long_ago

    def test_a_closed_connection_stays_as_it_is(self):
        id = self.post("/api/connect", {"tool_name": "t", "agent_name": "nova"}).body["connection_id"]
        long_ago = self.now - timedelta(hours=1)
        Connection.objects.update(last_heartbeat=long_ago, status="disconnected")
        self.post(self.path, {"connection_id": id})
        assert Connection.objects.get().last_heartbeat == long_ago

    def test_any_body_will_do(self):
        for body in (b"", b"{", b"null", [], "text", {"status": "busy", "last_activity": 5}):
            with self.subTest(body=body):
                assert self.post(self.path, body).body["status"] == "HEARTBEAT_OK"

    def test_an_unknown_agent_is_not_found(self):
        theirs = make_agent("theirs", actor=actor_of(self.charlie))
        for key in ("nobody", "Nova", "0", "9" * 30, theirs.pk, "theirs", "%00"):
            for method in ("GET", "POST"):
                with self.subTest(key=key, method=method):
                    answer = self.call(method, f"/api/agents/{key}/heartbeat", {"token_usage": SPENT}, as_=self.bob)
                    assert (answer.status, answer.body["error"]) == (404, "Agent not found")
        assert not TokenUsage.objects.exists()

    def test_the_number_of_queries_does_not_grow_with_the_work(self):
        for n in (1, 8):
            for i in range(n):
                make_task(f"{n}-{i}", assigned_to="nova")
            self.post(self.path)
            forget_work()
            with self.assertNumQueries(9):
                self.post(self.path)
            with self.assertNumQueries(5):
                self.post(self.path)


class TokenUsageTests(HeartbeatTestCase):
    def test_complete_usage_is_recorded(self):
        task = make_task()
        answer = self.post(self.path, {"token_usage": {**SPENT, "taskId": task.pk}}).body
        assert answer["token_recorded"] is True
        row = TokenUsage.objects.get()
        assert (row.session_id, row.agent_name, row.task_id) == ("nova:cli", "nova", task.pk)
        assert (row.input_tokens, row.output_tokens, row.operation) == (1500, 800, "heartbeat")
        assert row.cost_microusd == 16_500

    def test_an_unknown_or_foreign_task_is_stored_as_none(self):
        foreign = make_task(actor=actor_of(self.charlie))
        for id in (987_654, foreign.pk, "x", [], -1, 1e30):
            assert self.post(self.path, {"token_usage": {**SPENT, "taskId": id}}).body["token_recorded"] is True
        assert set(TokenUsage.objects.values_list("task_id", flat=True)) == {None}

    def test_incomplete_usage_is_not_recorded_and_the_beat_counts(self):
        for change in (
            {"model": ""},
            {"model": None},
            {"inputTokens": None},
            {"outputTokens": "many"},
            {"inputTokens": -1},
        ):
            with self.subTest(change=change):
                answer = self.post(self.path, {"token_usage": {**SPENT, **change}})
                assert (answer.status, answer.body["token_recorded"]) == (200, False)
        assert not TokenUsage.objects.exists()

    def test_whole_numbers_may_be_written_with_a_point(self):
        body = b'{"token_usage": {"model": "m", "inputTokens": 15.0, "outputTokens": 8.0}}'
        assert self.post(self.path, body).body["token_recorded"] is True

    def test_a_get_records_nothing(self):
        self.call("GET", self.path, {"token_usage": SPENT}, as_=self.bob)
        assert not TokenUsage.objects.exists()


class WorkItemTests(HeartbeatTestCase):
    def test_all_groups_come_in_order_with_their_counts(self):
        task = make_task("Fix login", assigned_to="nova", actor=actor_of(self.alice))
        add_comment(task=task, actor=actor_of(self.alice), now=self.now, content="@nova ping")
        Event.objects.filter(type="task_created").update(description="Created task for nova")
        for method in ("GET", "POST"):
            answer = self.call(method, self.path, as_=self.bob).body
            assert answer["status"] == "WORK_ITEMS_FOUND"
            groups = answer["work_items"]
            assert [group["type"] for group in groups] == [
                "mentions", "assigned_tasks", "notifications", "urgent_activities",
            ]  # fmt: skip
            assert [group["count"] for group in groups] == [1, 1, 2, 1]
            assert answer["total_items"] == 5
            assert "message" not in answer

    def test_a_mention_shows_its_comment(self):
        task = make_task("Fix login")
        comment, _ = add_comment(task=task, actor=actor_of(self.alice), now=self.now, content="@nova " + "x" * 200)
        (item,) = self.groups()["mentions"]["items"]
        assert isinstance(item.pop("created_at"), int)
        assert item == {
            "id": comment.pk, "task_title": "Fix login", "author": "Alice", "content": "@nova " + "x" * 200,
        }  # fmt: skip

    def test_mentions_are_the_ten_newest_of_four_hours(self):
        task = make_task(assigned_to="bob")
        for n in range(12):
            add_comment(task=task, actor=actor_of(self.alice), now=self.now, content=f"@nova {n}")
        items = self.groups()["mentions"]["items"]
        assert [item["content"] for item in items] == [f"@nova {n}" for n in range(11, 1, -1)]
        Mention.objects.update(created_at=self.now - timedelta(hours=4, minutes=1))
        assert "mentions" not in self.groups()

    def test_assigned_tasks_are_the_ten_most_urgent(self):
        for n, priority in enumerate([4, 3, 1, 2, *[4] * 10]):
            make_task(f"task {n}", assigned_to="nova", priority=priority)
        make_task("done", assigned_to="nova", status=Task.Status.DONE)
        make_task("in review", assigned_to="nova", status=Task.Status.REVIEW)
        group = self.groups()["assigned_tasks"]
        assert group["count"] == 10
        assert [item["title"] for item in group["items"]][:5] == ["task 2", "task 3", "task 1", "task 0", "task 4"]

    def test_a_task_shows_where_its_code_is(self):
        task = make_task("t", assigned_to="nova", metadata={"github_repo": "org/app", "path": "src"}, due_at=self.now)
        (item,) = self.groups()["assigned_tasks"]["items"]
        assert item == {
            "id": task.pk,
            "title": "t",
            "status": "assigned",
            "priority": "medium",
            "due_date": int(task.due_at.timestamp()),
            "implementation_repo": "org/app",
            "code_location": "src",
        }

    def test_a_task_without_a_place_omits_it(self):
        make_task("t", assigned_to="nova")
        assert self.groups()["assigned_tasks"]["items"][0].keys() == {"id", "title", "status", "priority", "due_date"}

    def test_notifications_count_all_unread_and_show_the_newest_five(self):
        for n in range(7):
            make_task(f"task {n}", assigned_to="nova")
        group = self.groups()["notifications"]
        assert (group["count"], len(group["items"])) == (7, 5)
        newest = group["items"][0]
        assert newest.keys() == {"id", "type", "title", "message", "created_at"}
        assert (newest["type"], newest["message"]) == ("assignment", "You have been assigned to task: task 6")
        assert Notification.objects.unread().count() == 7
        Notification.objects.update(read_at=self.now)
        assert "notifications" not in self.groups()

    def test_urgent_activities_are_recent_stories_with_the_name(self):
        for n in range(7):
            make_task(f"for nova {n}")
        make_task("for somebody else")
        group = self.groups()["urgent_activities"]
        assert (group["count"], len(group["items"])) == (5, 5)
        newest = group["items"][0]
        assert newest.keys() == {"id", "type", "description", "created_at"}
        assert (newest["type"], newest["description"]) == ("task_created", "Created task: for nova 6")
        Event.objects.update(at=self.now - timedelta(hours=4, minutes=1))
        assert "urgent_activities" not in self.groups()

    def test_nothing_of_another_workspace_shows(self):
        make_task("for nova", assigned_to="nova", actor=actor_of(self.charlie))
        assert self.groups() == {}


class OwnAgentOnlyTests(HeartbeatTestCase):
    def setUp(self):
        super().setUp()
        self.other = make_agent("other")
        self.key = self.key_of(self.agent, Role.OPERATOR)

    def key_of(self, agent, role):
        return issue_key(actor=system(1), name="k", role=role, workspace=self.home, agent=(agent.pk, agent.name))[1]

    def beat(self, agent_key, **options):
        return self.post(f"/api/agents/{agent_key}/heartbeat", **options).status

    def test_an_agents_key_beats_for_its_own_agent_only(self):
        for key in (self.agent.pk, "nova"):
            assert self.beat(key, as_=self.key) == 200
        for key in (self.other.pk, "other"):
            answer = self.get(f"/api/agents/{key}/heartbeat", as_=self.key)
            assert answer.status == 403
            assert answer.body == {"error": "Access denied: agent key may only access its own agent."}

    def test_an_admins_agent_key_beats_for_any(self):
        assert self.beat("other", as_=self.key_of(self.agent, Role.ADMIN)) == 200

    def test_a_header_binds_an_operator_to_the_name(self):
        assert self.beat("nova", x_agent_name="nova") == 200
        assert self.beat("other", x_agent_name="nova") == 403

    def test_a_header_cannot_vouch_for_a_number(self):
        assert self.beat(self.agent.pk, x_agent_name="nova") == 403

    def test_a_header_leaves_an_admin_free(self):
        assert self.beat("other", as_=self.alice, x_agent_name="nova") == 200

    def test_a_header_that_contradicts_the_key_fails(self):
        answer = self.get("/api/agents/other/heartbeat", as_=self.key, x_agent_name="other")
        assert (answer.status, answer.body) == (401, {"error": "Authentication required"})
