from __future__ import annotations

from notifications.models import Notification
from projects.models import Project
from projects.services import create_project
from tasks.models import Review, Subscription, Task, Transition
from tests.api.legacy.test_task_list import BARE_KEYS, KEYS
from tests.api.legacy.wire import frames, mark, names
from tests.base import LegacyApiTestCase, actor_of
from tests.factories import make_agent, make_task

PATH = "/api/tasks"
GATE_SHUT = {"error": "Aegis approval is required to move task to done."}


def review(task, reviewer="aegis", verdict="approved"):
    from django.utils import timezone

    Review.objects.create(
        workspace_id=1, task=task, reviewer=reviewer, status=verdict, notes="n", created_at=timezone.now()
    )


class UpdateTaskTests(LegacyApiTestCase):
    def setUp(self):
        super().setUp()
        self.task = make_task("Fix login", description="as it was", priority=2, tags=["a"])
        self.path = f"{PATH}/{self.task.pk}"

    def update(self, **fields):
        return self.put(self.path, fields)

    def test_given_fields_change_and_omitted_ones_stay(self):
        answer = self.update(title="Mend login", due_date=5, metadata={"a": 1}, created_by="ignored")
        assert answer.status == 200
        assert list(answer.body) == ["task"]
        task = answer.body["task"]
        assert list(task) == KEYS
        assert (task["title"], task["due_date"], task["metadata"]) == ("Mend login", 5, {"a": 1})
        assert (task["description"], task["priority"], task["tags"]) == ("as it was", "high", ["a"])
        assert self.get(self.path).body["task"] == task

    def test_nothing_to_change_is_unchanged_and_untold(self):
        before = mark()
        for fields in ({}, {"unknown": 1}, {"created_by": "x"}):
            answer = self.update(**fields)
            assert (answer.status, answer.body["unchanged"]) == (200, True)
            assert list(answer.body["task"]) == BARE_KEYS
        assert names(before) == []

    def test_assigning_takes_it_out_of_the_inbox_and_unassigning_puts_it_back(self):
        assert self.update(assigned_to="nova").body["task"]["status"] == "assigned"
        task = self.update(assigned_to="").body["task"]
        assert (task["status"], task["assigned_to"]) == ("inbox", None)

    def test_a_status_that_is_sent_is_taken_literally(self):
        assert self.update(assigned_to="nova", status="inbox").body["task"]["status"] == "inbox"
        assert self.update(assigned_to="", status="assigned").body["task"]["status"] == "assigned"

    def test_any_status_follows_any_other_but_done(self):
        for word in ("failed", "backlog", "quality_review", "awaiting_owner", "in_progress", "review", "inbox"):
            with self.subTest(word=word):
                assert self.update(status=word).body["task"]["status"] == word

    def test_the_frames_with_a_status_and_an_assignee(self):
        self.update(assigned_to="nova")
        before = mark()
        task = self.update(status="in_progress", assigned_to="other").body["task"]
        assert names(before) == ["N:status_change", "N:assignment", "A:task_updated", "task.updated"]
        assert frames(before)[-1]["data"] == task
        story = frames(before)[-2]["data"]
        assert story["actor"] == "api"
        assert story["data"] == {
            "changes": ["status: assigned → in_progress", "assigned: nova → other"],
            "oldValues": {"title": "Fix login", "status": "assigned", "priority": "high", "assigned_to": "nova"},
            "newValues": {"status": "in_progress", "assigned_to": "other"},
        }

    def test_what_is_not_tracked_changes_without_a_story(self):
        before = mark()
        self.update(description="new", tags=[], retry_count=3)
        assert names(before) == ["task.updated"]

    def test_inboxes_hear_the_old_title(self):
        self.update(assigned_to="nova")
        Notification.objects.all().delete()
        self.update(title="Mend login", status="review", assigned_to="other")
        assert [(n.recipient, n.type, n.title, n.message) for n in Notification.objects.order_by("id")] == [
            ("nova", "status_change", "Task Status Updated", 'Task "Fix login" status changed to review'),
            ("other", "assignment", "Task Assigned", "You have been assigned to task: Fix login"),
        ]
        assert Subscription.objects.filter(task=self.task, name="other").exists()

    def test_only_fresh_mentions_are_notified_by_user_name(self):
        make_agent("nova")
        self.update(description="@nova")
        Notification.objects.all().delete()
        self.client.force_login(self.bob)
        self.call("PUT", self.path, {"description": "@NOVA and @alice and @bob"})
        (note,) = Notification.objects.all()
        assert (note.recipient, note.message) == ("alice", 'bob mentioned you in task "Fix login"')

    def test_unknown_mentions_are_refused_and_nothing_is_written(self):
        answer = self.update(title="new", description="@ghost")
        assert (answer.status, answer.body["missing_mentions"]) == (400, ["ghost"])
        self.task.refresh_from_db()
        assert self.task.title == "Fix login"

    def test_another_project_gives_another_number(self):
        web = create_project(actor=actor_of(self.bob), name="Web", prefix="WEB")
        make_task(project_id=web.pk)
        task = self.update(project_id=web.pk).body["task"]
        assert (task["ticket_ref"], task["project_id"], task["project_name"]) == ("WEB-002", web.pk, "Web")
        assert self.update(project_id=web.pk).body["task"]["ticket_ref"] == "WEB-002"

    def test_an_unknown_foreign_or_archived_project_is_refused(self):
        theirs = create_project(actor=actor_of(self.charlie), name="Theirs", prefix="THEIRS")
        old = create_project(actor=actor_of(self.bob), name="Old", prefix="OLD")
        Project.objects.filter(pk=old.pk).update(status="archived")
        for id in (987_654, theirs.pk, old.pk):
            with self.subTest(id=id):
                answer = self.update(project_id=id, title="new")
                assert (answer.status, answer.body) == (400, {"error": "Project not found or archived"})

    def test_the_body_is_checked_before_the_id(self):
        assert self.put(f"{PATH}/abc", {"title": ""}).body["details"] == ["title: Title is required"]

    def test_broken_rules_are_listed_in_the_order_of_the_fields(self):
        answer = self.update(status="x", title="", tags=[5], description=None)
        assert answer.body["details"] == [
            "title: Title is required", "description: Invalid input", "status: Invalid input", "tags.0: Invalid input",
        ]  # fmt: skip

    def test_each_change_of_status_is_kept(self):
        self.update(status="review")
        self.update(title="x")
        rows = Transition.objects.filter(task=self.task).order_by("id").values_list("was", "now", "by")
        assert list(rows) == [("", "INBOX", "system"), ("INBOX", "REVIEW", "Bob")]


class QualityGateTests(LegacyApiTestCase):
    def setUp(self):
        super().setUp()
        self.task = make_task(assigned_to="nova")
        self.path = f"{PATH}/{self.task.pk}"

    def to_done(self):
        return self.put(self.path, {"status": "done", "title": "new"})

    def refused(self):
        answer = self.to_done()
        self.task.refresh_from_db()
        return (answer.status, answer.body) == (403, GATE_SHUT) and self.task.title != "new"

    def test_without_a_review_it_is_shut(self):
        assert self.refused()

    def test_others_do_not_open_it(self):
        review(self.task, "alice"), review(self.task, "Aegis")
        assert self.refused()

    def test_the_newest_verdict_counts(self):
        review(self.task), review(self.task, verdict="rejected")
        assert self.refused()
        review(self.task)
        assert self.to_done().status == 200

    def test_done_notes_when(self):
        review(self.task)
        task = self.to_done().body["task"]
        assert (task["status"], task["completed_at"]) == ("done", task["updated_at"])
        again = self.put(self.path, {"status": "review"}).body["task"]
        assert again["completed_at"] == task["completed_at"]

    def test_saying_done_again_needs_approval_too(self):
        Task.objects.update(status="DONE")
        assert self.refused()


class BulkStatusTests(LegacyApiTestCase):
    def setUp(self):
        super().setUp()
        self.a, self.b = make_task("a", assigned_to="nova"), make_task("b")

    def bulk(self, *wanted):
        return self.put(PATH, {"tasks": [{"id": id, "status": status} for id, status in wanted]})

    def test_all_are_set_and_counted_as_sent(self):
        answer = self.bulk((self.a.pk, "review"), (self.b.pk, "inbox"), (987_654, "review"), (2**53 - 1, "failed"))
        assert (answer.status, answer.body) == (200, {"success": True, "updated": 4})
        self.a.refresh_from_db()
        assert self.a.status == "REVIEW"

    def test_the_frames(self):
        before = mark()
        self.bulk((self.a.pk, "review"), (self.b.pk, "inbox"), (987_654, "failed"))
        assert names(before) == ["A:task_updated", *["task.status_changed"] * 3]
        sent = [frame["data"] for frame in frames(before)]
        assert sent[0]["data"] == {"oldStatus": "assigned", "newStatus": "review"}
        assert sent[0]["description"] == "Task moved from assigned to review"
        assert sent[1].keys() == {"id", "status", "updated_at", "workspace_id"}
        assert [(data["id"], data["status"]) for data in sent[1:]] == [
            (self.a.pk, "review"), (self.b.pk, "inbox"), (987_654, "failed"),
        ]  # fmt: skip

    def test_nobody_is_notified(self):
        Notification.objects.all().delete()
        self.bulk((self.a.pk, "review"))
        assert not Notification.objects.exists()

    def test_a_shut_gate_rolls_everything_back(self):
        before = mark()
        answer = self.bulk((self.a.pk, "review"), (self.b.pk, "done"))
        assert (answer.status, answer.body) == (403, {"error": f"Aegis approval required for task {self.b.pk}"})
        self.a.refresh_from_db()
        assert (self.a.status, names(before)) == ("ASSIGNED", [])

    def test_done_notes_when(self):
        review(self.a)
        self.bulk((self.a.pk, "done"))
        self.a.refresh_from_db()
        assert self.a.completed_at is not None

    def test_a_foreign_task_is_skipped_like_an_unknown_one(self):
        theirs = make_task(actor=actor_of(self.charlie))
        assert self.bulk((theirs.pk, "done")).body == {"success": True, "updated": 1}
        theirs.refresh_from_db()
        assert theirs.status == "INBOX"

    def test_the_same_task_twice_ends_in_the_last_status(self):
        self.bulk((self.a.pk, "review"), (self.a.pk, "failed"))
        self.a.refresh_from_db()
        assert self.a.status == "FAILED"

    def test_broken_rules_name_their_place(self):
        for body, details in (
            ({}, ["tasks: Invalid input"]),
            ({"tasks": []}, ["tasks: At least one task is required"]),
            ({"tasks": {}}, ["tasks: Invalid input"]),
            ({"tasks": [{"id": 1, "status": "inbox"}] * 101}, ["tasks: Invalid input"]),
            ({"tasks": [5]}, ["tasks.0: Invalid input"]),
            ({"tasks": [{"id": 1, "status": "todo"}]}, ["tasks.0.status: Invalid input"]),
            (
                {"tasks": [{"id": 1, "status": "inbox"}, {"id": 0}, {}]},
                [
                    "tasks.1.id: Invalid input",
                    "tasks.1.status: Invalid input",
                    "tasks.2.id: Invalid input",
                    "tasks.2.status: Invalid input",
                ],
            ),
        ):
            with self.subTest(body=str(body)[:80]):
                answer = self.put(PATH, body)
                assert (answer.status, answer.body) == (400, {"error": "Validation failed", "details": details})
