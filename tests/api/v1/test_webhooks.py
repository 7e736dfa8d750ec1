from __future__ import annotations

import hashlib
import hmac
import json
import time
from datetime import timedelta
from unittest.mock import patch

from django.test import override_settings
from standardwebhooks import Webhook as Library

from activity import readers
from api.v1.telling import EVENTS
from governance.models import Alert
from tests.api.v1.moving import MovingTestCase
from tests.webhooks.receiver import Receiver
from webhooks.models import Delivery, Webhook
from webhooks.posting import Outcome, post_now
from webhooks.sender import Sender
from webhooks.services import claim, settle
from webhooks.signing import shared

READER = "api.v1.telling.feed_webhooks"
LEGACY_READER = "realtime.readers.feed_webhooks"
SECRET = "correct horse battery staple"
BAD = Outcome(500, "no", None, 5)


def digest(body: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


class WebhookTestCase(MovingTestCase):
    def setUp(self):
        super().setUp()
        for name in (READER, LEGACY_READER):
            readers.catch_up(name, now=self.now)
        # No test asks the network for a name.
        names = patch("webhooks.addresses.socket.getaddrinfo", side_effect=self.look_up)
        names.start()
        self.addCleanup(names.stop)
        self.names = {}

    def look_up(self, host, *rest, **more):
        if host not in self.names:
            raise OSError("no such name")
        return [(2, 1, 6, "", (self.names[host], 0))]

    def add(self, url="https://hooks.example.com/mc", events=("*",), as_=None, **more):
        body = {"url": url, "events": list(events), "secret": SECRET, **more}
        return self.ask("POST", "/webhooks", body, as_=as_ or self.alice)

    def hear(self):
        while readers.catch_up(READER, now=self.now):
            pass
        return list(Delivery.objects.order_by("id").values_list("event_type", flat=True))


class ManagingTests(WebhookTestCase):
    def test_an_administrator_adds_lists_and_removes_them_and_never_sees_the_secret(self):
        answer = self.add(events=["task.*", "approval.requested", "task.*"])
        assert answer.status == 201
        made = answer.body["webhook"]
        wanted = {"url": "https://hooks.example.com/mc", "events": ["task.*", "approval.requested"], "active": True}
        assert made == {"id": made["id"], **wanted}
        listed = self.ask("GET", "/webhooks", as_=self.alice)
        assert listed.body == {"webhooks": [made], "total": 1, "hasMore": False}
        timeline = self.ask("GET", "/events/timeline?action=WEBHOOK_CREATED", as_=self.alice)
        assert len(timeline.body["activities"]) == 1
        assert SECRET.encode() not in answer.raw + listed.raw + timeline.raw
        assert self.ask("DELETE", f"/webhooks/{made['id']}", as_=self.alice).status == 204
        self.refused(self.ask("DELETE", f"/webhooks/{made['id']}", as_=self.alice), 404, "NOT_FOUND")

    def test_nobody_else_does_and_other_workspaces_have_their_own(self):
        made = self.add().body["webhook"]
        for who in (self.bob, self.jordan):
            self.refused(self.add(as_=who), 403, "FORBIDDEN")
            self.refused(self.ask("GET", "/webhooks", as_=who), 403, "FORBIDDEN")
        self.refused(self.ask("DELETE", f"/webhooks/{made['id']}", as_=self.charlie), 404, "NOT_FOUND")
        assert self.ask("GET", "/webhooks", as_=self.charlie).body["webhooks"] == []

    def test_what_is_wrong_is_told_by_field(self):
        cases = [
            ("events", {"events": []}), ("events", {"events": ["*"] * 51}), ("events.0", {"events": ["task.gone"]}),
            ("events.0", {"events": ["activity.*"]}), ("events.0", {"events": [7]}), ("secret", {"secret": "short"}),
            ("secret", {"secret": "x" * 257}), ("secret", {"secret": None}), ("url", {"url": "ftp://example.com/"}),
            ("url", {"url": "not a url"}), ("url", {"url": "http://example.com/" + "x" * 2048}),
            ("url", {"url": "http://127.0.0.1/"}), ("url", {"url": "http://169.254.169.254/latest"}),
            ("url", {"url": "http://[::1]/"}), ("url", {"url": "http://localhost:3000/"}), ("url", {"url": 5}),
            ("url", {"url": "http://" + "x" * 70 + ".example.com:99999/"}),
        ]  # fmt: skip
        for field, change in cases:
            with self.subTest(change=str(change)[:60]):
                error = self.refused(self.add(**change), 400, "VALIDATION_ERROR")
                assert [each["field"] for each in error["details"]["errors"]] == [field]
        assert not Webhook.objects.exists()

    def test_a_name_that_leads_inside_is_refused_unless_the_operator_allows_it(self):
        self.names = {"inside.example.com": "10.0.0.7", "outside.example.com": "93.184.215.14"}
        self.refused(self.add(url="http://inside.example.com/"), 400, "VALIDATION_ERROR")
        assert self.add(url="http://outside.example.com/").status == 201
        with override_settings(WEBHOOK_ALLOWED_NETWORKS=["0.0.0.0/0", "::/0"]):
            assert self.add(url="http://inside.example.com/").status == 201

    def test_one_key_adds_one(self):
        body = {"url": "https://hooks.example.com/", "events": ["*"], "secret": SECRET}
        first, again = (self.ask("POST", "/webhooks", body, as_=self.alice, x_idempotency_key="k") for _ in range(2))
        assert first.body == again.body
        assert Webhook.objects.count() == 1


class TellingTests(WebhookTestCase):
    def test_each_hears_what_it_asked_for_in_its_own_dialect(self):
        self.add(events=["task.created", "message.*"])
        self.add(as_=self.charlie)
        legacy = {"name": "ci", "url": "https://example.com/", "events": ["*"]}
        assert self.post("/api/webhooks", legacy, as_=self.alice).status == 200
        self.begun()
        assert self.hear() == ["task.created", "message.posted"]
        assert Delivery.objects.get(event_type="task.created").webhook.dialect == "v1"

    def test_bodies_hold_the_objects_under_their_names(self):
        self.add()
        task = self.handed_in()
        body = {"taskId": task["id"], "actionType": "TOOL_EXEC", "actionSummary": "Run it", "riskLevel": "YELLOW",
                "justification": "It must run"}  # fmt: skip
        approval = self.ask("POST", "/approvals", body, as_=self.jordan).body["approval"]
        self.ask("POST", f"/approvals/{approval['id']}/decide", {"decision": "APPROVED"}, as_=self.bob)
        run = self.ask("POST", "/events/run", {
            "agentId": "jordan", "sessionKey": "s", "model": "sonnet", "startedAt": "2026-01-01T10:00:00Z",
            "taskId": task["id"], "status": "COMPLETED", "costUsd": 9.0,
        }, as_=self.jordan)  # fmt: skip
        assert run.status == 201, run.raw
        self.ask("POST", "/agents/jordan/control", {"action": "RESTART"}, as_=self.bob)
        heard = set(self.hear())
        assert heard <= set(EVENTS)
        names = {}
        for row in Delivery.objects.all():
            body = json.loads(row.payload)
            assert body["event"] == row.event_type
            assert body["data"].pop("workspaceId") == f"workspace_{self.home.pk}"
            for name, thing in body["data"].items():
                assert name in ("control", "budget") or thing.get("id"), (row.event_type, name, thing)
            names[row.event_type] = set(body["data"])
        assert names.items() >= {
            "task.created": {"task"}, "task.transitioned": {"task", "transition"}, "message.posted": {"message"},
            "approval.requested": {"approval"}, "approval.decided": {"approval"}, "agent.control": {"agent", "control"},
            "notification.created": {"notification"}, "budget.exceeded": {"agent", "budget"}, "alert.opened": {"alert"},
        }.items()  # fmt: skip
        moved = [json.loads(row.payload)["data"] for row in Delivery.objects.filter(event_type="task.transitioned")]
        assert [each["transition"]["toStatus"] for each in moved][:3] == ["ASSIGNED", "IN_PROGRESS", "REVIEW"]

    def test_a_claim_from_the_queue_of_the_other_dialect_is_a_move(self):
        self.add(events=["task.transitioned"])
        task = self.new_task("Port the script")
        assert self.get("/api/tasks/queue?agent=jordan", as_=self.alice).body["reason"] == "assigned"
        assert self.hear() == ["task.transitioned"]
        data = json.loads(Delivery.objects.get().payload)["data"]
        assert (data["task"]["id"], data["task"]["assigneeIds"]) == (task["id"], ["jordan"])
        assert (data["transition"]["fromStatus"], data["transition"]["toStatus"]) == ("INBOX", "IN_PROGRESS")

    def test_what_is_gone_is_told_by_its_id(self):
        self.add(events=["task.*"])
        task = self.new_task("Short-lived")
        assert self.delete(f"/api/tasks/{task['id'][5:]}", as_=self.alice).status == 200
        assert self.hear() == ["task.created", "task.deleted"]
        for row in Delivery.objects.all():
            assert json.loads(row.payload)["data"]["task"] == {"id": task["id"], "title": "Short-lived"}


@override_settings(WEBHOOK_ALLOWED_NETWORKS=["127.0.0.0/8"])
class DeliveringTests(WebhookTestCase):
    def send(self):
        with Sender() as sender:
            until = time.monotonic() + 10
            while Delivery.objects.filter(is_done=False).exists() and time.monotonic() < until:
                sender.turn() or time.sleep(0.01)

    def test_both_signatures_of_a_delivery_verify(self):
        with Receiver() as receiver:
            self.names = {"127.0.0.1": "127.0.0.1"}
            assert self.add(url=receiver.url, events=["task.created"]).status == 201
            task = self.new_task("Grüße \u2028 für 5.0 €", estimatedCost=5.0, labels=["ä"])
            self.hear()
            self.send()
            (got,) = receiver.got
        body = got.body
        assert set(body) == {"id", "event", "timestamp", "data", "signature"}
        assert body["id"] == got.headers["webhook-id"] == f"delivery_{Delivery.objects.get().event_id}"
        assert (body["event"], body["data"]["task"]["id"]) == ("task.created", task["id"])
        assert body["timestamp"].endswith("Z")
        signature = body.pop("signature")
        canonical = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        assert signature == digest(canonical)
        assert got.headers["X-MC-Signature"] == f"sha256={digest(got.raw)}"
        assert got.headers["X-MC-Event"] == "task.created"
        assert got.headers["User-Agent"] == "MissionControl-Webhooks/1"
        assert got.headers["Content-Type"].startswith("application/json")
        assert SECRET not in got.raw.decode() + Delivery.objects.get().payload

    def test_every_attempt_is_the_same_body_and_after_the_sixth_it_is_over(self):
        self.add(events=["task.created"])
        self.new_task()
        self.hear()
        at, sent = self.now, []
        for delay in (30, 300, 1800, 7200, 28_800, None):
            (claimed,) = claim(now=at, places=9, under_way={})
            sent.append(claimed.request.payload)
            settle([(claimed.id, BAD)], now=at)
            waiting = Delivery.objects.filter(is_done=False).first()
            if delay is not None:
                assert 0.8 * delay <= (waiting.due_at - at).total_seconds() <= 1.2 * delay
                at = waiting.due_at
        assert waiting is None
        assert len(set(sent)) == 1
        webhook = Webhook.objects.get()
        assert (webhook.enabled, webhook.consecutive_failures) == (True, 1)

    def exhaust(self):
        self.new_task()
        self.hear()
        Delivery.objects.filter(is_done=False).update(attempt=5)
        self.end(BAD)

    def end(self, outcome):
        at = self.now + timedelta(seconds=1)
        settle([(one.id, outcome) for one in claim(now=at, places=9, under_way={})], now=at)

    def test_the_fifth_delivery_in_a_row_that_fails_for_good_switches_it_off_and_opens_an_alert(self):
        self.add(events=["task.created"])
        for _ in range(4):
            self.exhaust()
        assert self.ask("GET", "/webhooks", as_=self.alice).body["webhooks"][0]["active"] is True
        assert not Alert.objects.exists()
        self.exhaust()
        assert self.ask("GET", "/webhooks", as_=self.alice).body["webhooks"][0]["active"] is False
        alert = Alert.objects.get()
        assert (alert.type, alert.severity) == ("WEBHOOK_DISABLED", "WARNING")

    def test_one_that_gets_through_ends_the_row(self):
        self.add(events=["task.created"])
        self.exhaust()
        self.new_task()
        self.hear()
        self.end(Outcome(204, "", None, 5))
        assert Webhook.objects.get().consecutive_failures == 0

    def test_a_test_and_a_further_try_by_hand_are_signed_as_well(self):
        with Receiver() as receiver:
            self.names = {"127.0.0.1": "127.0.0.1"}
            self.add(url=receiver.url, events=["task.created"])
            id = Webhook.objects.get().pk
            self.new_task()
            self.hear()
            self.send()
            for path, body in (("test", {"id": id}), ("retry", {"delivery_id": Delivery.objects.get().pk})):
                assert self.post(f"/api/webhooks/{path}", body, as_=self.alice).body["success"] is True
            first, test, again = (got.body for got in receiver.got)
        assert again == first
        assert test["id"].startswith("delivery_") and test["event"] == "test.ping"
        signature = test.pop("signature")
        assert signature == digest(json.dumps(test, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode())

    def test_it_never_leads_inside_even_when_the_name_moves_there_later(self):
        with Receiver() as receiver, override_settings(WEBHOOK_ALLOWED_NETWORKS=[]):
            self.add(events=["task.created"])
            Webhook.objects.update(url=receiver.url)
            self.new_task()
            self.hear()
            (claimed,) = claim(now=self.now + timedelta(seconds=1), places=9, under_way={})
            assert post_now(claimed.request).success is False
            assert receiver.got == []


@override_settings(WEBHOOK_ALLOWED_NETWORKS=["127.0.0.0/8"])
class HistoryTests(WebhookTestCase):
    def setUp(self):
        super().setUp()
        self.names = {"127.0.0.1": "127.0.0.1"}

    def hook(self, **more):
        return self.add(events=["task.created"], **more).body["webhook"]["id"]

    def deliveries(self, hook, query="", as_=None):
        answer = self.ask("GET", f"/webhooks/{hook}/deliveries{query}", as_=as_ or self.alice)
        assert answer.status == 200, answer.raw
        return answer.body["deliveries"]

    def end_all(self, outcome):
        at = self.now + timedelta(seconds=1)
        settle([(one.id, outcome) for one in claim(now=at, places=9)], now=at)

    def test_what_was_sent_is_shown_with_its_answer_and_told_apart(self):
        hook = self.hook()
        for outcome in (Outcome(200, "ok", None, 7), BAD):
            self.new_task()
            self.hear()
            self.end_all(outcome)
        again, failed, fine = self.deliveries(hook)
        assert (fine["status"], fine["attempt"], fine["durationMs"]) == ("DELIVERED", 1, 7)
        assert fine["response"] == {"status": 200, "body": "ok"}
        assert fine["request"]["body"]["event"] == "task.created"
        assert fine["request"]["body"]["id"] == fine["deliveryId"]
        assert (failed["status"], again["status"], again["attempt"]) == ("FAILED", "WAITING", 2)
        assert failed["nextRetryAt"] == again["nextRetryAt"]
        assert failed["deliveryId"] == again["deliveryId"] != fine["deliveryId"]
        Delivery.objects.filter(is_done=False).update(attempt=5, due_at=self.now)
        self.end_all(BAD)
        for status, number in (("WAITING", 0), ("DELIVERED", 1), ("FAILED", 1), ("DEAD", 1)):
            rows = self.deliveries(hook, f"?status={status}")
            assert [row["status"] for row in rows] == [status] * number
        self.refused(
            self.ask("GET", f"/webhooks/{hook}/deliveries?status=LOST", as_=self.alice), 400, "VALIDATION_ERROR"
        )

    def test_a_new_secret_overlaps_with_the_old_one_and_is_never_shown(self):
        with Receiver() as receiver:
            hook, new = self.hook(url=receiver.url), "another secret of the receiver"
            changed = self.ask("PATCH", f"/webhooks/{hook}", {"secret": new}, as_=self.alice)
            assert changed.status == 200 and new.encode() not in changed.raw
            assert self.ask("POST", f"/webhooks/{hook}/test", as_=self.alice).body["delivery"]["status"] == "DELIVERED"
        (got,) = receiver.got
        assert got.headers["X-MC-Signature"] == f"sha256={digest(got.raw, new)}"
        for secret in (SECRET, new):
            Library(shared(secret)).verify(got.raw, got.headers)

    def test_one_that_was_switched_off_is_told_what_waits_once_it_is_active_again(self):
        hook = self.hook()
        self.new_task()
        self.hear()
        self.end_all(Outcome(410, "", None, 5))
        assert self.ask("GET", "/webhooks", as_=self.alice).body["webhooks"][0]["active"] is False
        assert Alert.objects.get().type == "WEBHOOK_DISABLED"
        assert (
            self.ask("PATCH", f"/webhooks/{hook}", {"active": True}, as_=self.alice).body["webhook"]["active"] is True
        )
        self.new_task()
        self.hear()
        assert len(claim(now=self.now + timedelta(seconds=1), places=9)) == 1

    def test_a_delivery_is_sent_again_by_hand(self):
        with Receiver(status=500) as receiver:
            hook = self.hook(url=receiver.url)
            first = self.ask("POST", f"/webhooks/{hook}/test", as_=self.alice).body["delivery"]
            assert (first["status"], first["response"]["status"]) == ("FAILED", 500)
            receiver.status = 200
            path = f"/webhooks/{hook}/deliveries/{first['id']}/retry"
            again = self.ask("POST", path, as_=self.alice).body["delivery"]
            assert (again["status"], again["attempt"], again["deliveryId"]) == ("DELIVERED", 2, first["deliveryId"])
        self.refused(self.ask("POST", path.replace("attempt_", "attempt_9"), as_=self.alice), 404, "NOT_FOUND")

    def test_a_span_of_time_is_told_again_under_the_same_ids(self):
        self.new_task("Before there was a webhook")
        hook, since = self.hook(), self.now
        for title in ("One", "Two"):
            self.new_task(title)
        self.hear()
        self.end_all(Outcome(200, "ok", None, 7))
        ids = [row["deliveryId"] for row in self.deliveries(hook)]
        answer = self.ask("POST", f"/webhooks/{hook}/replay", {"since": since.isoformat()}, as_=self.alice)
        assert (answer.status, answer.body) == (201, {"queued": 2, "endedAt": None})
        assert [row["deliveryId"] for row in self.deliveries(hook, "?status=WAITING")] == ids
        everything = self.ask("POST", f"/webhooks/{hook}/replay", {"since": "2020-01-01T00:00:00Z"}, as_=self.alice)
        assert everything.body["queued"] == 3
        for span in ({}, {"since": "yesterday"}, {"since": since.isoformat(), "until": "2020-01-01T00:00:00Z"}):
            self.refused(self.ask("POST", f"/webhooks/{hook}/replay", span, as_=self.alice), 400, "VALIDATION_ERROR")

    def test_all_of_it_is_for_administrators_of_the_workspace(self):
        hook = self.hook()
        body = {"since": "2020-01-01T00:00:00Z"}
        for method, path in (
            ("GET", "/deliveries"), ("POST", "/test"), ("POST", "/replay"), ("POST", "/deliveries/attempt_1/retry"),
            ("PATCH", ""),
        ):  # fmt: skip
            for who, status, code in ((self.bob, 403, "FORBIDDEN"), (self.charlie, 404, "NOT_FOUND")):
                sent = None if method == "GET" else body
                self.refused(self.ask(method, f"/webhooks/{hook}{path}", sent, as_=who), status, code)
