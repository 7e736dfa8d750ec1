"""A key is used once for good: what was made under it is told again, long after its answer was forgotten."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import IdempotentCall
from accounts.services.calls import forget_calls
from tasks.models import Brief, Comment, Task, Transition
from tests.api.v1.base import V1ApiTestCase
from tests.base import Answer

PLAN = {"bullets": ["Read", "Write", "Check"]}


class KeyTests(V1ApiTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.jordan = self.agent("jordan")
        self.task = self.new_task(assigneeIds=["jordan"])["id"]

    def twice(self, path: str, body: Any, *, key: str = "key-1") -> tuple[Answer, Answer]:
        """Now, and when nobody remembers the answer."""
        first = self.ask("POST", path, body, as_=self.jordan, x_idempotency_key=key)
        forget_calls(now=timezone.now() + timedelta(hours=25))
        assert not IdempotentCall.objects.exists()
        return first, self.ask("POST", path, body, as_=self.jordan, x_idempotency_key=key)

    def test_a_task_is_made_once(self):
        first, again = self.twice("/tasks", {"title": "Once", "type": "DOCS"})
        assert (first.status, first.body["created"]) == (201, True)
        assert (again.status, again.body["created"]) == (200, False)
        assert again.body["task"]["id"] == first.body["task"]["id"]
        assert again.headers["X-Idempotent-Replay"] == "true"
        assert Task.objects.filter(title="Once").count() == 1
        brief = Brief.objects.get(task__title="Once")
        assert (brief.keyed_by, brief.idempotency_key) == (f"{self.home.pk}:agent:{self.jordan.pk}", "key-1")

    def test_a_move_is_made_once(self):
        first, again = self.twice(f"/tasks/{self.task}/transition", {"toStatus": "IN_PROGRESS", "workPlan": PLAN})
        assert (first.status, again.status) == (200, 200)
        assert again.body["transition"] == first.body["transition"]
        assert Transition.objects.filter(task_id=int(self.task[5:]), now="IN_PROGRESS").count() == 1
        assert Comment.objects.filter(type="WORK_PLAN").count() == 1

    def test_a_message_is_said_once(self):
        first, again = self.twice(f"/tasks/{self.task}/messages", {"type": "PROGRESS", "content": "Half of it"})
        assert (first.status, again.status) == (201, 201)
        assert again.body["message"] == first.body["message"]
        assert Comment.objects.filter(content="Half of it").count() == 1

    def test_an_old_key_on_another_task_is_a_conflict(self):
        self.twice(f"/tasks/{self.task}/messages", {"type": "COMMENT", "content": "Here"})
        forget_calls(now=timezone.now() + timedelta(hours=25))
        other = self.new_task(assigneeIds=["jordan"])["id"]
        body = {"type": "COMMENT", "content": "There"}
        answer = self.ask("POST", f"/tasks/{other}/messages", body, as_=self.jordan, x_idempotency_key="key-1")
        self.refused(answer, 409, "IDEMPOTENCY_CONFLICT")
        assert not Comment.objects.filter(content="There").exists()

    def test_keys_of_others_and_of_other_routes_are_their_own(self):
        body = {"title": "Mine", "type": "DOCS"}
        for who in (self.jordan, self.bob):
            assert self.ask("POST", "/tasks", body, as_=who, x_idempotency_key="shared").status == 201
        said = {"type": "COMMENT", "content": "Mine"}
        path = f"/tasks/{self.task}/messages"
        assert self.ask("POST", path, said, as_=self.jordan, x_idempotency_key="shared").status == 201
        assert Task.objects.filter(title="Mine").count() == 2

    def test_without_a_key_there_is_none(self):
        for _ in range(2):
            self.ask("POST", f"/tasks/{self.task}/messages", {"type": "COMMENT", "content": "x"}, as_=self.jordan)
        assert list(Comment.objects.values_list("idempotency_key", flat=True)) == [None, None]

    def test_the_database_holds_it_too(self):
        self.twice(f"/tasks/{self.task}/messages", {"type": "COMMENT", "content": "x"})
        (row,) = Comment.objects.all()
        row.pk = None
        with self.assertRaises(IntegrityError), transaction.atomic():
            row.save(force_insert=True)
