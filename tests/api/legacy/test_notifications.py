from __future__ import annotations

from datetime import timedelta

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

    def test_ids_may_be_written_as_other_programs_write_numbers(self):
        first, second, _ = self.ids
        assert self.put(PATH, {"ids": [float(first), str(second)]}).body["markedAsRead"] == 2

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


class MarkDeliveredTests(LegacyApiTestCase):
    def mark(self, agent="nova", **options):
        return self.post(PATH, {"action": "mark-delivered", "agent": agent}, **options)

    def test_what_waits_is_handed_over_once_and_oldest_first(self):
        first, second = (make_task(f"{n}", assigned_to="nova") for n in range(2))
        make_task(assigned_to="other")
        answer = self.mark()
        assert (answer.status, list(answer.body)) == (200, ["success", "delivered", "notifications"])
        assert (answer.body["success"], answer.body["delivered"]) == (True, 2)
        rows = answer.body["notifications"]
        assert [row["source_id"] for row in rows] == [first.pk, second.pk]
        assert list(rows[0]) == KEYS[:-1]
        assert all(row["delivered_at"] for row in rows)
        assert self.mark().body == {"success": True, "delivered": 0, "notifications": []}
        assert Notification.objects.filter(recipient="other", delivered_at=None).exists()

    def test_what_was_delivered_stays_unread(self):
        make_task(assigned_to="nova")
        self.mark()
        row = self.get(f"{PATH}?recipient=nova").body["notifications"][0]
        assert row["delivered_at"] and row["read_at"] is None

    def test_bad_bodies(self):
        for body, details in (
            ({}, ["action: Invalid input", "agent: Invalid input"]),
            ({"action": "mark-delivered"}, ["agent: Invalid input"]),
            ({"action": "mark-delivered", "agent": ""}, ["agent: Invalid input"]),
            ({"action": "mark-delivered", "agent": 5}, ["agent: Invalid input"]),
            ({"action": "mark-read", "agent": "nova"}, ["action: Invalid input"]),
            ([], [": Invalid input"]),
        ):
            with self.subTest(body=body):
                answer = self.post(PATH, body)
                assert (answer.status, answer.body) == (400, {"error": "Validation failed", "details": details})
        assert self.post(PATH, b"{").body == {"error": "Invalid request body"}

    def test_an_outsider_gets_none(self):
        make_task(assigned_to="nova")
        assert self.mark(as_=self.charlie).body["delivered"] == 0
        assert self.mark(as_=self.vera).status == 403
        assert self.mark().body["delivered"] == 1

    def test_thousands_are_handed_over_in_parts(self):
        row = {"workspace": self.home, "recipient": "nova", "type": "message", "title": "x", "message": "x"}
        Notification.objects.bulk_create(Notification(**row, created_at=self.now) for _ in range(5001))
        assert [self.mark().body["delivered"] for _ in range(3)] == [5000, 1, 0]


class DeleteTests(LegacyApiTestCase):
    def setUp(self):
        super().setUp()
        for n in range(3):
            make_task(f"{n}", assigned_to="nova")
        self.ids = list(Notification.objects.order_by("id").values_list("id", flat=True))

    def test_by_id(self):
        for ids, deleted in ((self.ids[:2], 2), (self.ids, 1), ([987_654, 10**18, -1, 0, "x", None], 0), ([], 0)):
            answer = self.delete(PATH, {"ids": ids})
            assert (answer.status, answer.body) == (200, {"success": True, "deleted": deleted})

    def test_the_old_ones_of_a_recipient(self):
        make_task(assigned_to="other")
        Notification.objects.filter(id=self.ids[0]).update(created_at=self.now - timedelta(days=2))
        yesterday, tomorrow = (self.now.timestamp() + days * 86400 for days in (-1, 1))
        for before, deleted in ((1, 0), (-5, 0), (int(yesterday), 1), (tomorrow, 2), (1e30, 0)):
            with self.subTest(before=before):
                answer = self.delete(PATH, {"recipient": "nova", "olderThan": before})
                assert (answer.status, answer.body) == (200, {"success": True, "deleted": deleted})
        assert Notification.objects.get().recipient == "other"

    def test_one_of_both_is_required(self):
        for body in (
            {}, {"recipient": "nova"}, {"olderThan": 5}, {"recipient": "nova", "olderThan": "5"}, {"ids": 5},
            {"recipient": "nova", "olderThan": True}, {"recipient": "nova", "olderThan": 0},
        ):  # fmt: skip
            with self.subTest(body=body):
                answer = self.delete(PATH, body)
                assert answer.status == 400
                assert answer.body == {"error": "Either provide ids array or recipient with olderThan timestamp"}
        assert self.delete(PATH).body == {"error": "Invalid request body"}

    def test_only_administrators_of_the_workspace_delete(self):
        assert self.delete(PATH, {"ids": self.ids}, as_=self.bob).status == 403
        assert self.delete(PATH, {"ids": self.ids}, as_=self.charlie).body["deleted"] == 0
        assert Notification.objects.count() == 3

    def test_the_log_remembers_how_many(self):
        self.delete(PATH, {"ids": self.ids})
        assert Event.objects.get(kind="notification.deleted").data["n"] == 3


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
