from __future__ import annotations

from unittest.mock import patch

from activity.models import Event
from core.errors import Unavailable
from notifications.models import Notification
from system import gateway
from tests.base import LegacyApiTestCase
from tests.factories import make_agent, make_task

PATH = "/api/notifications/deliver"
NOTHING = {
    "status": "success", "message": "No undelivered notifications found", "processed": 0, "delivered": 0, "errors": [],
}  # fmt: skip
RUN = [
    "status", "message", "total_processed", "delivered", "errors", "dry_run", "delivery_results", "error_details",
]  # fmt: skip


class DeliverTests(LegacyApiTestCase):
    def setUp(self):
        super().setUp()
        make_agent("nova", session_key="agent:nova:main")
        for name in ("nova", "nova", "bob"):
            make_task("Fix login", assigned_to=name)

    def stories(self):
        types = ("notification_delivered", "notification_delivery_batch")
        return list(Event.objects.filter(type__in=types).order_by("id"))

    def test_without_a_gateway_every_attempt_is_an_error(self):
        answer = self.post(PATH, {})
        assert (answer.status, list(answer.body)) == (200, RUN)
        body = answer.body
        assert (body["status"], body["total_processed"], body["delivered"], body["errors"]) == ("success", 3, 0, 3)
        assert (body["dry_run"], body["delivery_results"]) == (False, [])
        first = body["error_details"][0]
        assert list(first) == ["notification_id", "recipient", "error"]
        assert (first["recipient"], first["error"]) == (
            "nova", "No gateway is connected to this server: nothing was sent to agent:nova:main",
        )  # fmt: skip
        assert Notification.objects.filter(delivered_at=None).count() == 3

    def test_each_run_is_told(self):
        self.post(PATH, {"agent_filter": "nova"})
        (batch,) = self.stories()
        assert (batch.type, batch.actor, batch.subject) == (
            "notification_delivery_batch", "notification_daemon", "system:0",
        )  # fmt: skip
        assert batch.data == {
            "total_processed": 2, "delivered": 0, "errors": 2, "dry_run": False, "agent_filter": "nova",
        }  # fmt: skip

    def test_a_dry_run_marks_nothing(self):
        body = self.post(PATH, {"dry_run": True}).body
        assert (body["delivered"], body["errors"], body["dry_run"], body["error_details"]) == (3, 0, True, [])
        assert list(body["delivery_results"][0]) == ["notification_id", "recipient", "session_key", "status", "message"]
        assert [(row["status"], row["session_key"]) for row in body["delivery_results"]] == [
            ("dry_run", "agent:nova:main"), ("dry_run", "agent:nova:main"), ("dry_run", None),
        ]  # fmt: skip
        assert Notification.objects.filter(delivered_at=None).count() == 3
        assert self.stories()[-1].data["dry_run"] is True

    def test_what_a_gateway_takes_is_marked_and_told(self):
        with patch.object(gateway, "deliver", new=only_with_a_session):
            body = self.post(PATH, {}).body
        assert (body["delivered"], body["errors"]) == (2, 1)
        row = body["delivery_results"][0]
        assert list(row) == ["notification_id", "recipient", "session_key", "status", "delivered_at", "stdout"]
        assert (row["status"], row["stdout"]) == ("delivered", "sent")
        told, title = self.stories(), Notification.objects.earliest("id").title
        assert [event.type for event in told] == ["notification_delivered"] * 2 + ["notification_delivery_batch"]
        assert told[0].actor == "system"
        assert told[0].data == {
            "notification_type": "assignment", "session_key": "agent:nova:main", "title": title,
        }  # fmt: skip
        assert self.get(PATH).body["recent_deliveries"][0]["recipient"] == "nova"
        assert self.post(PATH, {}).body["total_processed"] == 1

    def test_limits_and_filters(self):
        for body, total in (
            ({"limit": 1}, 1), ({"limit": 2.9}, 2), ({"limit": 0}, 3), ({"limit": "1"}, 3), ({"limit": 1e30}, 3),
            ({"limit": -1}, 3), ({"agent_filter": "bob"}, 1), ({"agent_filter": ""}, 3), ({"agent_filter": None}, 3),
        ):  # fmt: skip
            with self.subTest(body=body):
                assert self.post(PATH, body).body["total_processed"] == total

    def test_nothing_waits(self):
        assert self.post(PATH, {"agent_filter": "nobody"}).body == NOTHING
        assert self.post(PATH, {}, as_=self.charlie).body == NOTHING
        assert self.stories() == []

    def test_bad_bodies(self):
        for body in (b"", b"{", [], None):
            assert self.post(PATH, body).body == {"error": "Invalid request body"}
        assert self.post(PATH, {"agent_filter": 5}).status == 400


class StateTests(LegacyApiTestCase):
    def test_what_waits_and_what_was_delivered(self):
        make_agent("nova", session_key="agent:nova:main")
        for name in ("nova", "nova", "nova", "bob"):
            make_task(assigned_to=name)
        Notification.objects.filter(pk=Notification.objects.first().pk).update(delivered_at=self.now)
        answer = self.get(PATH, as_=self.vera)
        body = answer.body
        assert list(body) == ["statistics", "agents_with_pending", "recent_deliveries", "agent_filter"]
        assert body["statistics"] == {"total": 4, "delivered": 1, "undelivered": 3, "delivery_rate": 25}
        assert body["agents_with_pending"] == [
            {"recipient": "nova", "session_key": "agent:nova:main", "pending_count": 2},
            {"recipient": "bob", "session_key": None, "pending_count": 1},
        ]
        (recent,) = body["recent_deliveries"]
        assert list(recent) == ["recipient", "type", "title", "delivered_at", "created_at"]
        assert body["agent_filter"] is None

    def test_of_one_agent(self):
        make_task(assigned_to="nova"), make_task(assigned_to="bob")
        body = self.get(f"{PATH}?agent=nova").body
        assert (body["statistics"]["total"], body["agent_filter"]) == (1, "nova")
        assert [row["recipient"] for row in body["agents_with_pending"]] == ["nova"]
        assert self.get(f"{PATH}?agent=%00").body["statistics"]["total"] == 0

    def test_an_outsider_sees_none(self):
        make_task(assigned_to="nova")
        assert self.get(PATH, as_=self.charlie).body == {
            "statistics": {"total": 0, "delivered": 0, "undelivered": 0, "delivery_rate": 0},
            "agents_with_pending": [], "recent_deliveries": [], "agent_filter": None,
        }  # fmt: skip

    def test_the_number_of_queries_does_not_grow_with_the_recipients(self):
        for n in range(5):
            make_task(assigned_to=make_agent(f"{n}").name)
        self.get(PATH)
        with self.assertNumQueries(5):
            self.get(PATH)


def only_with_a_session(recipient, session_key, text):
    if session_key is None:
        raise Unavailable("unreachable")
    return "sent"
