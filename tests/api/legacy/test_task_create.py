from __future__ import annotations

from django.test import override_settings

from notifications.models import Notification
from projects.models import Project
from projects.services import create_project
from tasks.models import Subscription, Task
from tests.api.legacy.test_task_list import KEYS
from tests.api.legacy.wire import frames, mark, names
from tests.base import LegacyApiTestCase, actor_of
from tests.factories import make_agent

PATH = "/api/tasks"


class CreateTaskTests(LegacyApiTestCase):
    def create(self, **fields):
        return self.post(PATH, {"title": "Fix login", **fields})

    def test_a_title_is_enough(self):
        answer = self.post(PATH, {"title": "Fix login"}, as_="test-operator-key")
        assert answer.status == 201
        task = answer.body["task"]
        assert list(task) == KEYS
        assert task.pop("id") and task.pop("created_at") and task.pop("updated_at") and task.pop("project_id")
        assert {key: value for key, value in task.items() if value is not None} == {
            "title": "Fix login",
            "status": "inbox",
            "priority": "medium",
            "created_by": "API Access",
            "tags": [],
            "metadata": {},
            "workspace_id": 1,
            "project_ticket_no": 1,
            "retry_count": 0,
            "dispatch_attempts": 0,
            "project_name": "General",
            "project_prefix": "TASK",
            "ticket_ref": "TASK-001",
        }

    def test_its_type_for_the_other_dialect_may_stand_in_the_metadata(self):
        for told, type in (("SOCIAL", "SOCIAL"), ("social", "OPS"), (["SOCIAL"], "OPS"), (None, "OPS")):
            id = self.create(metadata={"type": told}).body["task"]["id"]
            assert Task.objects.get(pk=id).type == type, told

    def test_every_field_is_kept_as_sent(self):
        fields = {
            "description": " with blanks ",
            "status": "awaiting_owner",
            "priority": "critical",
            "assigned_to": "nova",
            "due_date": 4_102_444_800,
            "completed_at": 0,
            "estimated_hours": 1.5,
            "actual_hours": 10_000,
            "outcome": "partial",
            "error_message": "",
            "resolution": "r",
            "feedback_rating": 5,
            "feedback_notes": "n",
            "retry_count": 2**53 - 1,
            "tags": ["a", "a"],
            "metadata": {"implementation_repo": "o/r", "deep": {"x": [1, None]}},
        }
        task = self.create(**fields, created_by="ignored", unknown="ignored").body["task"]
        assert {key: task[key] for key in fields} == fields
        assert task["created_by"] == "Bob"

    def test_whole_hours_are_answered_as_they_were_sent(self):
        answer = self.create(estimated_hours=2, actual_hours=0.5)
        for body in (answer.raw, self.get(PATH).raw):
            assert b'"estimated_hours":2,"actual_hours":0.5,' in body

    def test_a_blank_title_passes_and_titles_may_repeat(self):
        for _ in range(2):
            assert self.create(title=" ").status == 201

    def test_an_assignee_takes_it_out_of_the_inbox(self):
        for fields, status in (
            ({"assigned_to": "nova"}, "assigned"),
            ({"assigned_to": "nova", "status": "inbox"}, "assigned"),
            ({"assigned_to": "nova", "status": "backlog"}, "backlog"),
            ({"assigned_to": ""}, "inbox"),
        ):
            with self.subTest(fields=fields):
                assert self.create(**fields).body["task"]["status"] == status

    def test_nobody_is_null(self):
        assert self.create(assigned_to="").body["task"]["assigned_to"] is None

    @override_settings(COORDINATOR_AGENT="boss")
    def test_a_coordinator_gets_what_nobody_was_given(self):
        assert self.create().body["task"]["assigned_to"] == "boss"
        assert self.create(assigned_to="nova").body["task"]["assigned_to"] == "nova"

    def test_a_new_task_may_be_done_already(self):
        task = self.create(status="done").body["task"]
        assert task["completed_at"] == task["created_at"]

    def test_tickets_are_numbered_by_project(self):
        self.create()
        web = create_project(actor=actor_of(self.bob), name="Web", prefix="WEB")
        refs = [
            self.create(**fields).body["task"]["ticket_ref"]
            for fields in ({}, {"project_id": web.pk}, {}, {"project_id": web.pk})
        ]
        assert refs == ["TASK-002", "WEB-001", "TASK-003", "WEB-002"]
        Project.objects.filter(pk=web.pk).update(ticket_counter=999)
        assert self.create(project_id=web.pk).body["task"]["ticket_ref"] == "WEB-1000"

    def test_an_unknown_foreign_or_archived_project_falls_back_to_general(self):
        theirs = create_project(actor=actor_of(self.charlie), name="Theirs", prefix="THEIRS")
        old = create_project(actor=actor_of(self.bob), name="Old", prefix="OLD")
        Project.objects.filter(pk=old.pk).update(status="archived")
        for id in (987_654, 2**53 - 1, theirs.pk, old.pk):
            with self.subTest(id=id):
                assert self.create(project_id=id).body["task"]["project_name"] == "General"

    def test_a_workspace_gets_its_general_project_with_its_first_task(self):
        task = self.post(PATH, {"title": "x"}, as_=self.charlie).body["task"]
        assert (task["ticket_ref"], task["workspace_id"]) == ("TASK-001", self.elsewhere.pk)

    def test_the_frames_with_a_mention_and_an_assignee(self):
        make_agent("nova")
        before = mark()
        task = self.create(description="@alice look, @nova too", assigned_to="nova", outcome="success").body["task"]
        assert names(before) == ["A:task_created", "N:mention", "N:mention", "N:assignment", "task.created"]
        sent = frames(before)
        assert sent[0]["data"]["actor"] == "Bob"
        assert sent[0]["data"]["description"] == "Created task: Fix login"
        assert sent[0]["data"]["data"] == {
            "title": "Fix login",
            "status": "assigned",
            "priority": "medium",
            "assigned_to": "nova",
            "outcome": "success",
        }
        assert sent[-1]["data"] == task
        assert sent[1]["data"].keys() == {
            "id", "recipient", "type", "title", "message", "source_type", "source_id", "read_at", "delivered_at",
            "created_at", "workspace_id",
        }  # fmt: skip

    def test_every_frame_has_its_type_data_and_milliseconds(self):
        self.create()
        for frame in frames():
            assert frame.keys() == {"type", "data", "timestamp"}
            assert frame["timestamp"] > 1_700_000_000_000
            assert frame["data"]["workspace_id"] == 1

    def test_who_is_named_is_notified(self):
        make_agent("nova")
        self.client.force_login(self.bob)
        body = {"title": "Fix login", "description": "@Alice and @nova, says @bob", "assigned_to": "other"}
        id = self.call("POST", PATH, body).body["task"]["id"]
        assert [(n.recipient, n.type, n.title, n.message) for n in Notification.objects.order_by("id")] == [
            ("alice", "mention", "You were mentioned in a task description", 'Bob mentioned you in task "Fix login"'),
            ("nova", "mention", "You were mentioned in a task description", 'Bob mentioned you in task "Fix login"'),
            ("other", "assignment", "Task Assigned", "You have been assigned to task: Fix login"),
        ]
        assert set(Notification.objects.values_list("source_type", "source_id")) == {("task", id)}
        subscribers = Subscription.objects.filter(task_id=id).values_list("name", flat=True)
        assert set(subscribers) == {"Bob", "other", "alice", "nova", "bob"}

    def test_unknown_mentions_are_refused_and_nothing_is_written(self):
        make_agent("theirs", actor=actor_of(self.charlie))
        before = mark()
        answer = self.create(description="@ghost @alice. @theirs mail@example.com @GHOST")
        assert answer.status == 400
        assert answer.body == {
            "error": "Unknown mentions: @ghost, @alice., @theirs",
            "missing_mentions": ["ghost", "alice.", "theirs"],
        }
        assert (Task.objects.count(), names(before)) == (0, [])

    def test_broken_rules_are_listed_in_the_order_of_the_fields(self):
        for fields, details in (
            ({"title": ""}, ["title: Title is required"]),
            ({"title": None}, ["title: Invalid input"]),
            ({"title": 5}, ["title: Invalid input"]),
            ({"title": "x" * 501}, ["title: Invalid input"]),
            (
                {"metadata": [], "tags": "x", "status": "todo", "title": ""},
                ["title: Title is required", "status: Invalid input", "tags: Invalid input", "metadata: Invalid input"],
            ),
            ({"tags": ["ok", "", 5]}, ["tags.1: Invalid input", "tags.2: Invalid input"]),
            ({"tags": ["x"] * 51}, ["tags: Invalid input"]),
            ({"priority": "urgent"}, ["priority: Invalid input"]),
            ({"project_id": 0}, ["project_id: Invalid input"]),
            ({"project_id": "1"}, ["project_id: Invalid input"]),
            ({"project_id": True}, ["project_id: Invalid input"]),
            (
                {"due_date": -1, "completed_at": 4_102_444_801},
                ["due_date: Invalid input", "completed_at: Invalid input"],
            ),
            ({"due_date": 1.5}, ["due_date: Invalid input"]),
            (
                {"estimated_hours": -0.1, "actual_hours": 10_001},
                ["estimated_hours: Invalid input", "actual_hours: Invalid input"],
            ),
            ({"feedback_rating": 6}, ["feedback_rating: Invalid input"]),
            ({"retry_count": -1}, ["retry_count: Invalid input"]),
            ({"description": None, "assigned_to": None}, ["description: Invalid input", "assigned_to: Invalid input"]),
            ({"description": "x" * 5001}, ["description: Invalid input"]),
            (
                {"metadata": {"implementation_repo": ""}},
                ["metadata.implementation_repo: implementation_repo cannot be empty"],
            ),
            (
                {"metadata": {"code_location": 5, "implementation_repo": "x" * 201}},
                ["metadata.implementation_repo: Invalid input", "metadata.code_location: Invalid input"],
            ),
        ):
            with self.subTest(fields=str(fields)[:80]):
                answer = self.create(**fields)
                assert answer.status == 400
                assert answer.body == {"error": "Validation failed", "details": details}

    def test_a_title_that_is_absent_is_invalid_not_required(self):
        assert self.post(PATH, {}).body["details"] == ["title: Invalid input"]

    def test_odd_json_is_read_as_clients_servers_always_have(self):
        for body, title in (
            (b'\xef\xbb\xbf{"title": "bom"}', "bom"),
            (b'{"title": "a", "title": "b"}', "b"),
            (b'{"title": "caf\xe9"}', "caf\ufffd"),
            (b'{"title": "nul\\u0000"}', "nul\ufffd"),
            (b'{"title": "cut \\ud83d"}', "cut \ufffd"),
            (b'{"title": "\\uDE00 \\ud83d\\ude00 \\\\ud83d \\ud83dx"}', "\ufffd \U0001f600 \\ud83d \ufffdx"),
            ('{"title": "\u2028 🛰"}'.encode(), "\u2028 🛰"),
        ):
            with self.subTest(body=body):
                answer = self.post(PATH, body)
                assert (answer.status, answer.body["task"]["title"]) == (201, title)

    def test_what_is_no_json_is_refused(self):
        deep = b'{"title": "x", "metadata": ' + b'{"a":' * 5000 + b"1" + b"}" * 5000 + b"}"
        for body in (b"", b"{", b"title=x", b'{"title": NaN}', b'{"title": "\\ud8"}', b'{"a": 1e999}', deep):
            with self.subTest(body=body[:40]):
                answer = self.post(PATH, body)
                assert (answer.status, answer.body) == (400, {"error": "Invalid request body"})

    def test_metadata_that_can_be_answered_is_kept(self):
        metadata = {}
        for _ in range(50):
            metadata = {"inner": [metadata]}
        assert self.create(metadata={"a": 2**63}).body["task"]["metadata"] == {"a": 2**63}
        assert self.create(metadata=metadata).status in (201, 400)
