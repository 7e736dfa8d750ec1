from datetime import timedelta

from django.template.loader import render_to_string

from tasks.models import Task
from tasks.services import add_comment, find_task, move_task, update_task
from tests.base import BaseTestCase
from tests.factories import make_task

FRAGMENT = {"hx-request": "true"}


class TaskPageTests(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.client.force_login(self.bob)

    def test_words_and_deeds_are_one_thread_in_the_order_of_time(self) -> None:
        bob, now = self.bob.as_actor(), self.now
        task = make_task(actor=bob)
        add_comment(task=task, actor=bob, now=now + timedelta(minutes=1), content="Before the move")
        move_task(task=task, actor=bob, now=now + timedelta(minutes=2), to=Task.Status.REVIEW)
        changes = {"priority": 1}
        update_task(
            task=task, actor=bob, now=now + timedelta(minutes=3), changes=changes, sent={"priority": "critical"}
        )
        thread = self.client.get(f"/tasks/{task.pk}/").context["thread"]
        told = [entry.comment.content if hasattr(entry, "comment") else entry.what for entry in thread]
        assert told == [
            "created the task",
            "Before the move",
            "moved it: inbox → review",
            "priority: medium → critical",
        ]

    def test_replies_stand_below_what_they_answer(self) -> None:
        task, bob = make_task(), self.bob.as_actor()
        first, _ = add_comment(task=task, actor=bob, now=self.now, content="Question")
        add_comment(task=task, actor=bob, now=self.now, content="Answer", parent_id=first.pk)
        thread = self.client.get(f"/tasks/{task.pk}/").context["thread"]
        said = [entry for entry in thread if hasattr(entry, "comment")]
        assert [(entry.comment.content, len(entry.replies)) for entry in said] == [("Question", 1)]

    def test_text_of_others_is_never_markup(self) -> None:
        task = make_task("<script>alert(1)</script>", description="<img src=x onerror=alert(1)>")
        add_comment(task=task, actor=self.bob.as_actor(), now=self.now, content="<b>bold</b>")
        page = self.client.get(f"/tasks/{task.pk}/").content.decode()
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "&lt;b&gt;bold" in page

    def test_a_viewer_reads_and_changes_nothing(self) -> None:
        task = make_task()
        self.client.force_login(self.vera)
        page = self.client.get(f"/tasks/{task.pk}/").content.decode()
        assert "data-say" not in page
        assert "<fieldset disabled" in " ".join(page.split())
        for path, sent in (("change", {"priority": "1"}), ("comments", {"content": "x"}), ("delete", {})):
            assert self.client.post(f"/tasks/{task.pk}/{path}/", sent, headers=FRAGMENT).status_code == 403

    def test_only_what_is_sent_is_changed(self) -> None:
        task = make_task(assigned_to="jordan")
        stale = self.client.post(f"/tasks/{task.pk}/change/", {"priority": "1"}, headers=FRAGMENT)
        assert stale.status_code == 200
        now = find_task(actor=self.bob.as_actor(), id=task.pk)
        assert (now.priority, now.assigned_to, now.status) == (1, "jordan", Task.Status.ASSIGNED)

    def test_setting_done_by_hand_approves(self) -> None:
        task = make_task()
        self.client.post(f"/tasks/{task.pk}/change/", {"status": "DONE"}, headers=FRAGMENT)
        now = find_task(actor=self.bob.as_actor(), id=task.pk)
        assert now.status == Task.Status.DONE
        assert now.completed_at

    def test_only_an_admin_deletes(self) -> None:
        task = make_task()
        assert self.client.post(f"/tasks/{task.pk}/delete/", headers=FRAGMENT).status_code == 403
        self.client.force_login(self.alice)
        assert self.client.post(f"/tasks/{task.pk}/delete/", headers=FRAGMENT).status_code == 204
        assert self.client.get(f"/tasks/{task.pk}/").status_code == 404


class OtherPageTests(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.client.force_login(self.bob)

    def test_the_feed_comes_in_pages_and_from_where_the_reader_is(self) -> None:
        for number in range(65):
            make_task(f"Task {number}")
        page = self.client.get("/activity/")
        assert len(page.context["stories"]) == 60
        older = self.client.get("/activity/", {"before": page.context["next"]}, headers=FRAGMENT)
        assert len(older.context["stories"]) == 5
        newest = page.context["stories"][0].id
        assert self.client.get("/activity/latest/", {"after": newest}).content.strip() == b""
        make_task("The latest")
        assert b"The latest" in self.client.get("/activity/latest/", {"after": newest}).content

    def test_another_workspace_hears_nothing(self) -> None:
        make_task("Secret")
        self.client.force_login(self.charlie)
        for path in ("/activity/", "/activity/latest/", "/agents/", "/"):
            assert b"Secret" not in self.client.get(path).content

    def test_every_part_is_in_the_style_guide(self) -> None:
        answer = self.client.get("/styleguide/")
        assert answer.status_code == 200
        assert answer["Cache-Control"] == "private, no-cache"

    def test_the_error_pages_need_nothing(self) -> None:
        assert "Something broke" in render_to_string("500.html")
        assert self.client.get("/nothing-here").status_code == 404
