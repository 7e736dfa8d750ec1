from __future__ import annotations

import pytest

from core.errors import Conflict
from tasks.models import Review, Task, Transition
from tasks.services import move_task
from tests.base import BaseTestCase, actor_of
from tests.factories import make_task


class MoveTaskTests(BaseTestCase):
    def move(self, task, to, **options):
        return move_task(task=task, actor=actor_of(self.bob), now=self.now, to=to, **options)

    def test_a_card_moves_to_the_top_of_its_column(self):
        first, second = make_task("first"), make_task("second")
        self.move(first, Task.Status.REVIEW), self.move(second, Task.Status.REVIEW)
        column = Task.objects.filter(status=Task.Status.REVIEW).order_by("position", "id")
        assert [task.title for task in column] == ["second", "first"]

    def test_a_card_may_be_given_its_place(self):
        task = self.move(make_task(), Task.Status.REVIEW, position=5.5)
        assert Task.objects.get(pk=task.pk).position == 5.5

    def test_inside_its_column_a_card_only_changes_places(self):
        task = make_task()
        self.move(task, Task.Status.INBOX, position=5.5)
        assert Transition.objects.filter(task=task).count() == 1

    def test_somebody_who_was_faster_is_not_overruled(self):
        task = make_task()
        self.move(task, Task.Status.BACKLOG)
        task.refresh_from_db()
        with pytest.raises(Conflict):
            self.move(task, Task.Status.REVIEW, was=Task.Status.INBOX)

    def test_who_drops_a_card_on_done_has_approved_it(self):
        task = self.move(make_task(), Task.Status.DONE, position=1.5)
        task.refresh_from_db()
        assert (task.status, task.position) == ("DONE", 1.5)
        assert task.completed_at is not None
        assert Review.objects.get(task=task).reviewer == "Bob"

    def test_every_listener_hears_of_it(self):
        task = make_task()
        self.move(task, Task.Status.REVIEW)
        assert self.heard()[-1] == "task.transitioned"
