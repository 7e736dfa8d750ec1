from __future__ import annotations

from tasks.models import Review, Task
from tests.api.legacy.wire import frames, mark, names
from tests.base import LegacyApiTestCase, actor_of
from tests.factories import make_task

PATH = "/api/quality-review"


class ReviewTests(LegacyApiTestCase):
    def setUp(self):
        super().setUp()
        self.task = make_task("Fix login", status=Task.Status.REVIEW)

    def judge(self, status="approved", **fields):
        return self.post(PATH, {"taskId": self.task.pk, "status": status, "notes": "fine", **fields})

    def test_approval_by_anyone_makes_it_done(self):
        Task.objects.update(error_message="old")
        before = mark()
        answer = self.judge(reviewer="alice")
        assert (answer.status, answer.body) == (200, {"success": True, "id": Review.objects.get().pk})
        self.task.refresh_from_db()
        assert (self.task.status, self.task.completed_at, self.task.error_message) == ("DONE", None, "old")
        assert names(before) == ["A:quality_review", "task.status_changed"]
        story, changed = (frame["data"] for frame in frames(before))
        assert (story["actor"], story["description"]) == ("alice", "Quality review approved for task: Fix login")
        assert story["data"] == {"status": "approved", "notes": "fine"}
        assert changed.pop("updated_at")
        assert changed == {"id": self.task.pk, "status": "done", "previous_status": "review", "workspace_id": 1}

    def test_rejection_puts_it_back_into_work_with_the_reason(self):
        self.judge("rejected", notes="no tests")
        self.task.refresh_from_db()
        assert self.task.status == "IN_PROGRESS"
        assert self.task.error_message == "Quality review rejected by aegis: no tests"

    def test_the_reviewer_is_aegis_unless_named_and_opens_the_gate(self):
        self.judge()
        assert Review.objects.get().reviewer == "aegis"
        self.put(f"/api/tasks/{self.task.pk}", {"status": "review"})
        assert self.put(f"/api/tasks/{self.task.pk}", {"status": "done"}).status == 200

    def test_it_may_be_judged_again(self):
        assert [self.judge().status, self.judge("rejected").status] == [200, 200]

    def test_unknown_and_foreign_tasks_are_not_found(self):
        theirs = make_task(actor=actor_of(self.charlie))
        for id in (987_654, 2**53 - 1, 0, -1, 1.5, theirs.pk):
            answer = self.judge(taskId=id)
            assert (answer.status, answer.body) == (404, {"error": "Task not found"})

    def test_broken_rules_are_listed_in_the_order_of_the_fields(self):
        for body, details in (
            ({}, ["taskId: Invalid input", "status: Invalid input", "notes: Invalid input"]),
            (
                {"taskId": "1", "status": "done", "notes": ""},
                ["taskId: Invalid input", "status: Invalid input", "notes: Notes are required for quality reviews"],
            ),
            ({"taskId": 1, "status": "approved", "notes": "x", "reviewer": 5}, ["reviewer: Invalid input"]),
        ):
            with self.subTest(body=body):
                answer = self.post(PATH, body)
                assert (answer.status, answer.body["details"]) == (400, details)


class ReviewListTests(LegacyApiTestCase):
    def setUp(self):
        super().setUp()
        self.task, self.other = make_task(), make_task()

    def judge(self, task, notes="n"):
        self.post(PATH, {"taskId": task.pk, "status": "approved", "notes": notes})

    def test_the_newest_ten_of_a_task(self):
        for n in range(12):
            self.judge(self.task, f"{n}")
        answer = self.get(f"{PATH}?taskId={self.task.pk}", as_=self.vera).body
        assert list(answer) == ["reviews"]
        assert [row["notes"] for row in answer["reviews"]] == [f"{n}" for n in range(11, 1, -1)]
        assert list(answer["reviews"][0]) == [
            "id", "task_id", "reviewer", "status", "notes", "created_at", "workspace_id",
        ]  # fmt: skip

    def test_the_newest_of_several_tasks(self):
        self.judge(self.task)
        answer = self.get(f"{PATH}?taskIds={self.task.pk},{self.other.pk}, 987654 ,x,²").body
        verdict = answer["latest"].pop(str(self.task.pk))
        assert verdict.keys() == {"status", "reviewer", "created_at"}
        assert answer == {"latest": {str(self.other.pk): None, "987654": None}}

    def test_an_outsider_sees_none(self):
        self.judge(self.task)
        assert self.get(f"{PATH}?taskId={self.task.pk}", as_=self.charlie).body == {"reviews": []}
        assert self.get(f"{PATH}?taskIds={self.task.pk}", as_=self.charlie).body == {
            "latest": {str(self.task.pk): None}
        }

    def test_a_task_must_be_named(self):
        for query in ("", "?taskId=", "?taskId=x", "?taskId=0", "?taskId=-1", f"?taskId={10**30}"):
            with self.subTest(query=query):
                answer = self.get(f"{PATH}{query}")
                assert (answer.status, answer.body) == (400, {"error": "taskId is required"})
        assert self.get(f"{PATH}?taskIds=x,²").status == 400

    def test_thousands_of_ids_are_no_trouble(self):
        assert self.get(f"{PATH}?taskIds={','.join(map(str, range(1, 5000)))}").status == 200
