from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from activity.services import record
from agents.models import Agent
from core.actors import system
from notifications.models import Notification
from notifications.services import Note, post, unsaid
from tests.api.v1.base import V1ApiTestCase

KEYS = {
    "id", "targetAgentId", "targetUserId", "channel", "type", "title", "body", "taskId", "messageId", "approvalId",
    "status", "attempts", "maxAttempts", "nextAttemptAt", "lastError", "deliveredAt", "externalId", "sendAfter",
    "expiresAt", "createdAt",
}  # fmt: skip


class NotificationTests(V1ApiTestCase):
    def setUp(self):
        super().setUp()
        self.jordan = self.agent("jordan")

    def tell(self, recipient="jordan", type="mention", title="Look", source=None, **fields):
        note = Note(recipient, type, title, "Please look at this", source, **fields)
        record(*post([note], actor=system(self.home.pk), now=self.now))
        return f"notif_{Notification.objects.latest('id').pk}"

    def listed(self, query="", *, as_=None):
        answer = self.ask("GET", f"/notifications{query}", as_=as_)
        assert answer.status == 200, answer.raw
        return answer.body["notifications"]

    def ack(self, id, body=None, *, as_=None):
        return self.ask("POST", f"/notifications/{id}/ack", body, as_=as_ or self.jordan)

    def test_every_field_is_there_and_the_newest_comes_first(self):
        first, second = self.tell(), self.tell("bob", "approval_request", approval_id=4)
        shown = self.listed()
        assert [row["id"] for row in shown] == [second, first]
        assert set(shown[0]) == KEYS
        assert (shown[0]["targetUserId"], shown[0]["targetAgentId"]) == (f"user_{self.bob.pk}", None)
        assert (shown[0]["type"], shown[0]["approvalId"]) == ("APPROVAL_REQUEST", "approval_4")
        assert (shown[1]["targetAgentId"], shown[1]["channel"], shown[1]["status"]) == (
            "jordan", "HEARTBEAT", "PENDING",
        )  # fmt: skip

    def test_agents_see_their_own_alone(self):
        self.agent("riley")
        mine, _ = self.tell(), self.tell("riley")
        assert [row["id"] for row in self.listed("?targetAgentId=riley", as_=self.jordan)] == [mine]
        assert len(self.listed("?targetAgentId=riley")) == 1
        assert len(self.listed()) == 2
        assert self.listed(as_=self.charlie) == []

    def test_lists_are_filtered_and_go_back_in_time(self):
        ids = [self.tell(type=type) for type in ("mention", "assignment", "heartbeat", "strange")]
        assert [row["type"] for row in self.listed("?type=MENTION,ASSIGNMENT")] == ["ASSIGNMENT", "MENTION"]
        assert [row["id"] for row in self.listed("?type=ALERT")] == [ids[3], ids[2]]
        assert [row["id"] for row in self.listed(f"?before={ids[2]}&limit=1")] == [ids[1]]
        assert self.listed("?before=2020-01-01T00:00:00Z") == []
        assert len(self.listed("?before=2099-01-01T00:00:00%2B02:00")) == 4
        for query in ("?type=mention", "?status=NEW", "?before=yesterday", "?before=task_1", "?limit=x"):
            self.refused(self.ask("GET", f"/notifications{query}"), 400, "VALIDATION_ERROR")

    def test_an_acknowledged_one_is_delivered_and_read_in_both_dialects(self):
        id = self.tell()
        answer = self.ack(id, {"externalId": "tg-1"})
        row = answer.body["notification"]
        assert (answer.status, row["status"], row["externalId"]) == (200, "DELIVERED", "tg-1")
        assert row["deliveredAt"]
        there = self.get("/api/notifications?recipient=jordan").body["notifications"][0]
        assert there["read_at"] and there["delivered_at"]
        heard = self.heard()
        assert self.ack(id, as_=self.bob).body["notification"] == row
        assert self.heard() == heard

    def test_what_was_read_or_delivered_in_the_other_dialect_is_delivered(self):
        id = self.tell()
        self.put("/api/notifications", {"ids": [int(id.removeprefix("notif_"))]})
        assert [row["status"] for row in self.listed()] == ["DELIVERED"]

    def test_each_status_finds_its_own(self):
        ids = {status: self.tell(title=status) for status in ("PENDING", "SENT", "DELIVERED", "FAILED", "EXPIRED")}
        for status, column in (("SENT", "sent_at"), ("DELIVERED", "delivered_at"), ("FAILED", "failed_at")):
            Notification.objects.filter(title=status).update(**{column: self.now})
        Notification.objects.filter(title="EXPIRED").update(expires_at=self.now - timedelta(seconds=1))
        for status, id in ids.items():
            assert [(row["id"], row["status"]) for row in self.listed(f"?status={status}")] == [(id, status)]
        assert len(self.listed("?status=PENDING,SENT&status=FAILED")) == 3

    def test_too_late_is_too_late(self):
        id = self.tell()
        Notification.objects.update(expires_at=self.now - timedelta(seconds=1))
        self.refused(self.ack(id), 409, "STATE_CONFLICT")

    def test_only_its_recipient_or_a_person_has_it(self):
        id = self.tell()
        self.refused(self.ack(id, as_=self.agent("riley")), 403, "FORBIDDEN")
        self.refused(self.ack(id, as_=self.vera), 403, "FORBIDDEN")
        self.refused(self.ack(id, as_=self.charlie), 404, "NOT_FOUND")
        self.refused(self.ack("notif_99999"), 404, "NOT_FOUND")
        self.refused(self.ack(id, {"externalId": 5}), 400, "VALIDATION_ERROR")

    def test_the_same_is_said_once_within_five_minutes(self):
        self.tell(source=("task", 5))
        same = Note("jordan", "mention", "Look", "again", ("task", 5))
        other = Note("jordan", "mention", "Look", "again", ("task", 6))
        assert unsaid([same, other, other], workspace_id=self.home.pk, now=self.now) == [other]
        assert unsaid([same], workspace_id=self.home.pk, now=self.now + timedelta(minutes=5)) == [same]

    def test_a_list_takes_the_same_number_of_queries_however_long_it_is(self):
        self.tell()
        self.listed()
        with self.assertNumQueries(2):
            self.listed()
        for n in range(4):
            self.tell(title=f"Look {n}")
        with self.assertNumQueries(2):
            self.listed()

    def test_a_task_that_comes_and_goes_is_told_of_once(self):
        task = self.new_task(assigneeIds=["jordan"])
        for assignees in ([], ["jordan"]):
            answer = self.ask("PATCH", f"/tasks/{task['id']}", {"assigneeIds": assignees})
            assert answer.status == 200, answer.raw
        given = self.ask("GET", "/notifications?type=ASSIGNMENT&targetAgentId=jordan").body["notifications"]
        assert len(given) == 1
        Notification.objects.update(created_at=timezone.now() - timedelta(minutes=6))
        for assignees in ([], ["jordan"]):
            self.ask("PATCH", f"/tasks/{task['id']}", {"assigneeIds": assignees})
        given = self.ask("GET", "/notifications?type=ASSIGNMENT&targetAgentId=jordan").body["notifications"]
        assert len(given) == 2

    def test_a_beat_shows_it_and_the_agent_says_that_it_has_it(self):
        self.new_task(assigneeIds=["jordan"])
        agent = Agent.objects.get(slug="jordan")
        beat = {"sessionKey": "s", "status": "IDLE"}

        def status() -> str:
            return self.ask("GET", "/notifications?type=ASSIGNMENT", as_=agent).body["notifications"][0]["status"]

        assert status() == "PENDING"
        told = self.ask("POST", "/agents/jordan/heartbeat", beat, as_=agent).body["pendingNotifications"]
        assert [note["status"] for note in told] == ["SENT"]
        assert status() == "SENT"
        acked = self.ask("POST", f"/notifications/{told[0]['id']}/ack", {"externalId": "x1"}, as_=agent)
        assert (acked.body["notification"]["status"], acked.body["notification"]["externalId"]) == ("DELIVERED", "x1")
        assert self.ask("POST", "/agents/jordan/heartbeat", beat, as_=agent).body["pendingNotifications"] == []

    def test_it_lasts_for_a_day(self):
        self.new_task(assigneeIds=["jordan"])
        agent = Agent.objects.get(slug="jordan")
        [note] = self.ask("GET", "/notifications", as_=agent).body["notifications"]
        begun, ends = (datetime.fromisoformat(note[name]) for name in ("sendAfter", "expiresAt"))
        assert ends - begun == timedelta(hours=24)
