from __future__ import annotations

from activity.models import Event
from notifications.models import Notification
from realtime.wire.sse import encode
from tests.api.legacy.wire import frames
from tests.base import LegacyApiTestCase, actor_of
from tests.factories import make_task

PATH = "/api/notifications"
KEYS = [
    "id", "recipient", "type", "title", "message", "source_type", "source_id", "read_at", "delivered_at", "created_at",
    "workspace_id", "source",
]  # fmt: skip


class InboxTests(LegacyApiTestCase):
    def ask(self, query="recipient=nova", **options):
        return self.get(f"{PATH}?{query}", **options).body

    def test_an_inbox_is_listed_newest_first_with_sources(self):
        task = make_task("Fix login", assigned_to="nova")
        make_task("other", assigned_to="other")
        answer = self.ask(as_=self.vera)
        assert list(answer) == ["notifications", "total", "page", "limit", "unreadCount"]
        assert (answer["total"], answer["page"], answer["limit"], answer["unreadCount"]) == (1, 1, 50, 1)
        (row,) = answer["notifications"]
        assert list(row) == KEYS
        assert row["source"] == {"type": "task", "id": task.pk, "title": "Fix login", "status": "assigned"}
        assert (row["source_type"], row["source_id"], row["read_at"], row["delivered_at"]) == (
            "task",
            task.pk,
            None,
            None,
        )

    def test_a_comment_is_a_source_too(self):
        task = make_task("Fix login", assigned_to="nova")
        self.post(f"/api/tasks/{task.pk}/comments", {"content": "hello"})
        source = self.ask()["notifications"][0]["source"]
        assert (source["type"], source["task_title"], source["content_preview"]) == ("comment", "Fix login", "hello")

    def test_filters(self):
        for n in range(3):
            make_task(f"{n}", assigned_to="nova")
        Notification.objects.filter(pk=Notification.objects.first().pk).update(read_at=self.now)
        for query, total in (
            ("recipient=nova&unread_only=true", 2),
            ("recipient=nova&unread_only=1", 3),
            ("recipient=nova&type=assignment", 3),
            ("recipient=nova&type=mention", 0),
            ("recipient=Nova", 0),
            ("recipient=%00", 0),
        ):
            with self.subTest(query=query):
                assert self.ask(query)["total"] == total
        assert self.ask("recipient=nova&type=mention")["unreadCount"] == 2

    def test_pages(self):
        for n in range(3):
            make_task(f"{n}", assigned_to="nova")
        for query, shown, page, limit in (
            ("limit=2&offset=2", 1, 2, 2),
            ("limit=9999", 3, 1, 500),
            ("limit=0", 0, None, 0),
        ):
            answer = self.ask(f"recipient=nova&{query}")
            assert (len(answer["notifications"]), answer["page"], answer["limit"]) == (shown, page, limit)

    def test_a_recipient_is_required(self):
        for query in ("", "?recipient="):
            answer = self.get(f"{PATH}{query}")
            assert (answer.status, answer.body) == (400, {"error": "Recipient is required"})

    def test_an_outsider_sees_none(self):
        make_task(assigned_to="nova")
        assert self.ask(as_=self.charlie)["total"] == 0

    def test_the_number_of_queries_does_not_grow_with_the_inbox(self):
        for n in (1, 6):
            for i in range(n):
                make_task(f"{i}", assigned_to="nova")
            self.ask()
            with self.assertNumQueries(4):
                self.get(f"{PATH}?recipient=nova")


class MarkReadTests(LegacyApiTestCase):
    def setUp(self):
        super().setUp()
        for n in range(3):
            make_task(f"{n}", assigned_to="nova")
        self.ids = list(Notification.objects.order_by("id").values_list("id", flat=True))

    def unread(self):
        return self.get(f"{PATH}?recipient=nova").body["unreadCount"]

    def test_by_id_counts_what_was_unread(self):
        for ids, marked in ((self.ids[:2], 2), (self.ids, 1), ([987_654, 10**18, -1, 0, "x", None, True], 0), ([], 0)):
            answer = self.put(PATH, {"ids": ids})
            assert (answer.status, answer.body) == (200, {"success": True, "markedAsRead": marked})
        assert self.unread() == 0

    def test_all_of_a_recipient(self):
        make_task(assigned_to="other")
        assert self.put(PATH, {"recipient": "nova", "markAllRead": True}).body["markedAsRead"] == 3
        assert Notification.objects.unread().count() == 1

    def test_others_hear_of_it_only_when_something_was_marked(self):
        self.put(PATH, {"ids": self.ids[:1]})
        self.put(PATH, {"ids": self.ids[:1]})
        assert Event.objects.filter(kind="notification.acked").count() == 1

    def test_an_outsider_marks_nothing(self):
        assert self.put(PATH, {"ids": self.ids}, as_=self.charlie).body["markedAsRead"] == 0
        assert self.put(PATH, {"recipient": "nova", "markAllRead": True}, as_=self.charlie).body["markedAsRead"] == 0
        assert self.unread() == 3

    def test_one_of_both_is_required(self):
        for body in (
            {},
            {"recipient": "nova"},
            {"recipient": "nova", "markAllRead": 1},
            {"markAllRead": True},
            {"ids": 5},
        ):
            with self.subTest(body=body):
                answer = self.put(PATH, body)
                assert answer.status == 400
                assert answer.body == {"error": "Either provide ids array or recipient with markAllRead=true"}

    def test_a_body_that_is_no_json_is_refused(self):
        assert self.put(PATH, b"{").status == 400

    def test_thousands_of_ids_are_no_trouble(self):
        assert self.put(PATH, {"ids": list(range(1, 20_000))}).body["markedAsRead"] == 3

    def test_foreign_rows_of_the_same_name_stay_unread(self):
        make_task(assigned_to="nova", actor=actor_of(self.charlie))
        self.put(PATH, {"recipient": "nova", "markAllRead": True})
        assert Notification.objects.unread().get().workspace_id == self.elsewhere.pk


class FrameTests(LegacyApiTestCase):
    def test_each_notification_goes_out_under_both_names(self):
        make_task("Fix login", assigned_to="nova")
        sent = [frame for frame in frames() if frame["type"].startswith("notification")]
        assert [frame["type"] for frame in sent] == ["notification.created", "notification"]
        assert sent[0]["data"] == sent[1]["data"]
        assert (sent[0]["data"]["recipient"], sent[0]["data"]["type"]) == ("nova", "assignment")

    def test_only_the_last_of_both_carries_the_id(self):
        make_task(assigned_to="nova")
        event = Event.objects.get(kind="notification.created")
        body = encode(event).body
        assert body.count(b"data: ") == 2
        assert body.rindex(b"id: ") > body.index(b"data: ")
        assert b"id: %d\n" % event.id in body
