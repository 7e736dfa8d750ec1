from __future__ import annotations

import hashlib
import hmac
import re
from functools import partial

import orjson
import pytest
from django.test import override_settings

from core.actors import system
from core.errors import NotFound
from tests.base import LegacyApiTestCase
from tests.factories import make_task
from tests.webhooks.receiver import Receiver
from webhooks.models import Delivery, Webhook
from webhooks.services import ping, update_webhook

PATH = "/api/webhooks"
URL = "https://example.com/hook"
BLOCKED = {"error": "Webhook URL cannot point to internal or private services"}
KEYS = [
    "id", "name", "url", "secret", "events", "enabled", "last_fired_at", "last_status", "created_by", "created_at",
    "updated_at", "workspace_id", "consecutive_failures", "total_deliveries", "successful_deliveries",
    "failed_deliveries", "circuit_open",
]  # fmt: skip
HUGE = [-1, 2**64 - 1, 2**63, 1.5, True, "x", [1], {"a": 1}, "9" * 40]


class WebhookTestCase(LegacyApiTestCase):
    def add(self, **fields):
        answer = self.post(PATH, {"name": "ci", "url": URL, **fields}, as_=fields.pop("as_", self.alice))
        assert answer.status == 200, answer.body
        return answer.body

    def row(self):
        return self.get(PATH, as_=self.alice).body["webhooks"][0]

    def change(self, body, as_=None):
        answer = self.put(PATH, body, as_=as_ or self.alice)
        return answer.status, answer.body


class CreateTests(WebhookTestCase):
    def test_the_answer_is_flat_and_shows_the_secret_once(self):
        made = self.add()
        assert list(made) == ["id", "name", "url", "secret", "events", "enabled", "message"]
        assert re.fullmatch("[0-9a-f]{64}", made["secret"])
        assert (made["events"], made["enabled"]) == (["*"], True)
        row = self.row()
        assert list(row) == KEYS
        assert row["secret"] == "••••••" + made["secret"][-4:]
        assert (row["created_by"], row["last_fired_at"], row["last_status"]) == ("api", None, None)
        assert (row["circuit_open"], row["total_deliveries"]) == (False, 0)

    def test_a_secret_may_be_declined(self):
        assert self.add(generate_secret=False)["secret"] is None
        assert self.row()["secret"] is None

    def test_newest_first_and_duplicates_are_fine(self):
        ids = [self.add()["id"] for _ in range(3)]
        assert [row["id"] for row in self.get(PATH, as_=self.alice).body["webhooks"]] == ids[::-1]

    def test_every_broken_rule_is_listed(self):
        for body, details in (
            ({}, ["name: Invalid input", "url: Invalid input"]),
            ({"name": "", "url": "nonsense"}, ["name: Invalid input", "url: Invalid URL"]),
            ({"name": "x" * 201, "url": 5}, ["name: Invalid input", "url: Invalid input"]),
            ({"name": "x", "url": URL, "events": ["x"] * 51}, ["events: Invalid input"]),
            (
                {"name": "x", "url": URL, "events": ["", "x" * 201]},
                ["events.0: Invalid input", "events.1: Invalid input"],
            ),
            ({"name": "x", "url": URL, "generate_secret": "yes"}, ["generate_secret: Invalid input"]),
        ):
            with self.subTest(body=body):
                answer = self.post(PATH, body, as_=self.alice)
                assert (answer.status, answer.body) == (400, {"error": "Validation failed", "details": details})
        assert self.post(PATH, b"{", as_=self.alice).body == {"error": "Invalid request body"}

    def test_addresses_inside_are_refused(self):
        for url in (
            "http://localhost:3000/x",
            "http://[::ffff:127.0.0.1]/",
            "http://x.localhost/",
            "ftp://example.com",
        ):
            answer = self.post(PATH, {"name": "x", "url": url}, as_=self.alice)
            assert (answer.status, answer.body) == (400, BLOCKED), url
        assert not Webhook.objects.exists()

    def test_nobody_else_sees_them(self):
        self.add()
        assert self.get(PATH, as_=self.charlie).body == {"webhooks": []}
        assert self.get(PATH, as_=self.bob).body == {"error": "Requires admin role or higher"}

    def test_the_number_of_queries_does_not_grow(self):
        for n in (1, 5):
            for _ in range(n):
                self.add()
            self.get(PATH, as_=self.alice)
            with self.assertNumQueries(1):
                self.get(PATH, as_=self.alice)

    def test_no_secret_in_streams(self):
        from tests.api.legacy.wire import frames

        secret = self.add()["secret"]
        assert secret not in str(frames())


class ChangeTests(WebhookTestCase):
    def setUp(self):
        super().setUp()
        self.made = self.add()
        self.id = self.made["id"]

    def test_fields_are_set_and_the_rest_is_kept(self):
        assert self.change({"id": self.id, "name": "n", "events": ["test.ping"]}) == (200, {"success": True})
        assert self.change({"id": self.id, "enabled": False}) == (200, {"success": True})
        row = self.row()
        assert (row["name"], row["events"], row["enabled"], row["url"]) == ("n", ["test.ping"], False, URL)

    def test_only_an_id_changes_nothing(self):
        before = self.row()
        assert self.change({"id": self.id}) == (200, {"success": True})
        assert self.row() == before

    def test_a_new_secret_is_shown(self):
        status, body = self.change({"id": self.id, "regenerate_secret": True})
        assert (status, list(body)) == (200, ["success", "secret", "message"])
        assert re.fullmatch("[0-9a-f]{64}", body["secret"]) and body["secret"] != self.made["secret"]

    def test_the_circuit_is_reset(self):
        Webhook.objects.update(enabled=False, consecutive_failures=5)
        assert self.row()["circuit_open"] is True
        self.change({"id": self.id, "reset_circuit": True})
        row = self.row()
        assert (row["enabled"], row["consecutive_failures"], row["circuit_open"]) == (True, 0, False)

    def test_what_cannot_be_is_refused(self):
        for body, status, told in (
            ({"name": "x"}, 400, {"error": "Webhook ID is required"}),
            ({"id": 0}, 400, {"error": "Webhook ID is required"}),
            ({"id": 999}, 404, {"error": "Webhook not found"}),
            ({"id": self.id, "url": "x"}, 400, {"error": "Invalid URL"}),
            ({"id": self.id, "url": None}, 400, {"error": "Invalid URL"}),
            ({"id": self.id, "url": "http://10.0.0.1/"}, 400, BLOCKED),
        ):
            with self.subTest(body=body):
                assert self.change(body) == (status, told)
        assert self.put(PATH, b"{", as_=self.alice).status == 400
        assert self.row()["url"] == URL

    def test_odd_ids_name_nothing(self):
        for id in HUGE:
            with self.subTest(id=id):
                assert self.change({"id": id})[0] == 404
                assert self.delete(PATH, {"id": id}).status == 404
                assert self.post(f"{PATH}/test", {"id": id}, as_=self.alice).status == 404
                assert self.post(f"{PATH}/retry", {"delivery_id": id}, as_=self.alice).status == 404

    def test_an_outsider_changes_nothing(self):
        assert self.change({"id": self.id, "name": "x"}, as_=self.charlie)[0] == 404
        assert self.delete(PATH, {"id": self.id}, as_=self.charlie).body == {"error": "Webhook not found"}

    def test_removed_with_its_deliveries(self):
        Delivery.objects.create(webhook_id=self.id, workspace_id=1, event_type="x", payload="{}", created_at=self.now)
        answer = self.delete(PATH, {"id": self.id})
        assert (answer.status, answer.body) == (200, {"success": True, "deleted": 1})
        assert not Delivery.objects.exists()
        assert self.delete(PATH, {"id": self.id}).status == 404
        assert self.delete(PATH).body == {"error": "Request body required"}
        assert self.delete(PATH, b"{").body == {"error": "Request body required"}
        assert self.delete(PATH, {}).body == {"error": "Webhook ID is required"}


@override_settings(WEBHOOK_ALLOWED_NETWORKS=["127.0.0.0/8"])
class ByHandTests(WebhookTestCase):
    def ping(self, url, **fields):
        self.made = self.add(url=url, **fields)
        answer = self.post(f"{PATH}/test", {"id": self.made["id"]}, as_=self.alice)
        assert answer.status == 200
        return answer.body

    def deliveries(self, query="", **options):
        return self.get(f"{PATH}/deliveries{query}", as_=options.get("as_", self.alice)).body

    def test_a_test_is_signed_and_written_down(self):
        with Receiver() as receiver:
            result = self.ping(receiver.url, events=["activity.task_created"])
        assert list(result) == ["success", "status_code", "response_body", "error", "duration_ms", "delivery_id"]
        assert (result["success"], result["status_code"], result["response_body"]) == (True, 200, "thanks")
        (got,) = receiver.got
        assert got.headers["X-MC-Event"] == got.body["event"] == "test.ping"
        data = got.body["data"]
        assert list(data) == ["message", "webhook_id", "webhook_name", "triggered_by"]
        assert (data["webhook_id"], data["webhook_name"], data["triggered_by"]) == (self.made["id"], "ci", "api")
        digest = hmac.new(self.made["secret"].encode(), got.raw, hashlib.sha256).hexdigest()
        assert got.headers["X-MC-Signature"] == f"sha256={digest}"
        row = self.row()
        assert (row["last_status"], row["total_deliveries"], row["successful_deliveries"]) == (200, 1, 1)
        assert row["last_fired_at"]

    def test_a_failing_target_is_no_failure_of_the_route_and_is_not_counted_or_retried(self):
        with Receiver(status=500, answer=b"") as receiver:
            result = self.ping(receiver.url)
        assert (result["success"], result["status_code"], result["response_body"]) == (False, 500, "")
        row = self.row()
        assert (row["consecutive_failures"], row["failed_deliveries"], row["last_status"]) == (0, 1, 500)
        assert Delivery.objects.filter(is_done=False).count() == 0

    def test_a_refused_connection_has_no_status(self):
        with Receiver() as receiver:
            url = receiver.url
        result = self.ping(url)
        assert (result["success"], result["status_code"], result["response_body"]) == (False, None, None)
        assert result["error"] == "fetch failed"
        assert self.row()["last_status"] == -1

    def test_what_leads_inside_after_all_is_refused_at_delivery(self):
        with Receiver() as receiver:
            made = self.add(url=receiver.url)
            with override_settings(WEBHOOK_ALLOWED_NETWORKS=[]):
                answer = self.post(f"{PATH}/test", {"id": made["id"]}, as_=self.alice)
        assert (answer.status, answer.body["error"], receiver.got) == (200, BLOCKED["error"], [])

    def test_a_switched_off_webhook_can_be_tested(self):
        with Receiver() as receiver:
            made = self.add(url=receiver.url)
            self.change({"id": made["id"], "enabled": False})
            assert self.post(f"{PATH}/test", {"id": made["id"]}, as_=self.alice).body["success"] is True

    def test_one_that_is_removed_while_it_is_tested_is_not_found(self):
        with Receiver() as receiver:
            webhook = Webhook.objects.get(pk=self.add(url=receiver.url)["id"])
            Webhook.objects.all().delete()
            for change in (ping, partial(update_webhook, changes={"name": "x"})):
                with pytest.raises(NotFound):
                    change(webhook=webhook, actor=system(1), now=self.now)
        assert not Delivery.objects.exists()

    def test_the_list_of_deliveries(self):
        with Receiver() as receiver:
            first = self.ping(receiver.url)["delivery_id"]
            other = self.ping(receiver.url)["delivery_id"]
        shown = self.deliveries()
        assert list(shown) == ["deliveries", "total"]
        assert [row["id"] for row in shown["deliveries"]] == [other, first]
        row = shown["deliveries"][1]
        assert list(row) == [
            "id", "webhook_id", "event_type", "payload", "status_code", "response_body", "error", "duration_ms",
            "created_at", "attempt", "next_retry_at", "is_retry", "parent_delivery_id", "workspace_id",
            "webhook_name", "webhook_url",
        ]  # fmt: skip
        assert orjson.loads(row["payload"])["event"] == row["event_type"] == "test.ping"
        assert (row["attempt"], row["is_retry"], row["parent_delivery_id"], row["next_retry_at"]) == (0, 0, None, None)
        for query, ids in (
            (f"?webhook_id={self.made['id']}", [other]),
            ("?limit=1&offset=1", [first]),
            ("?limit=0", []),
            ("?webhook_id=999", []),
            ("?webhook_id=junk", []),
            ("?webhook_id=99999999999999999999999", []),
            ("?limit=9999999999999&offset=-4", [other, first]),
        ):
            assert [row["id"] for row in self.deliveries(query)["deliveries"]] == ids, query
        assert self.deliveries(as_=self.charlie) == {"deliveries": [], "total": 0}

    def test_what_waits_is_no_delivery_yet(self):
        made = self.add()
        Delivery.objects.create(
            webhook_id=made["id"], workspace_id=1, event_type="x", payload="{}", created_at=self.now, due_at=self.now
        )
        assert self.deliveries()["total"] == 0
        waiting = Delivery.objects.get().pk
        assert self.post(f"{PATH}/retry", {"delivery_id": waiting}, as_=self.alice).status == 404

    def test_any_delivery_may_be_repeated(self):
        with Receiver() as receiver:
            first = self.ping(receiver.url)["delivery_id"]
            answer = self.post(f"{PATH}/retry", {"delivery_id": first}, as_=self.alice)
        assert (answer.status, answer.body["success"]) == (200, True)
        assert [got.body["data"] for got in receiver.got][0] == receiver.got[1].body["data"]
        row = self.deliveries()["deliveries"][0]
        assert row["id"] == answer.body["delivery_id"]
        assert (row["attempt"], row["is_retry"], row["parent_delivery_id"]) == (1, 1, first)

    def test_ids_are_required_and_foreign_ones_unknown(self):
        with Receiver() as receiver:
            delivery = self.ping(receiver.url)["delivery_id"]
        for path, body, status, error in (
            ("test", {}, 400, "Webhook ID is required"),
            ("test", {"id": 999}, 404, "Webhook not found"),
            ("retry", {}, 400, "delivery_id is required"),
            ("retry", {"delivery_id": 999}, 404, "Delivery not found"),
            ("test", b"{", 400, "Invalid request body"),
        ):
            answer = self.post(f"{PATH}/{path}", body, as_=self.alice)
            assert (answer.status, answer.body) == (status, {"error": error})
        assert self.post(f"{PATH}/test", {"id": self.made["id"]}, as_=self.charlie).status == 404
        assert self.post(f"{PATH}/retry", {"delivery_id": delivery}, as_=self.charlie).status == 404

    def test_a_span_of_time_is_told_again(self):
        with Receiver() as receiver:
            made = self.ping(receiver.url) and self.made
        make_task()
        body = {"id": made["id"], "since": 0}
        answer = self.post(f"{PATH}/replay", body, as_=self.alice)
        assert (answer.status, answer.body) == (200, {"success": True, "queued": 2, "ended_at": None})
        rows = Delivery.objects.filter(is_done=False)
        assert [row.message_id for row in rows] == [f"delivery_{row.event_id}" for row in rows]
        for odd in ({"since": "x"}, {"since": True}, {"since": -1}, {"since": 0, "until": 10**18}, {}):
            assert self.post(f"{PATH}/replay", {"id": made["id"], **odd}, as_=self.alice).status == 400
        assert self.post(f"{PATH}/replay", {**body, "until": 5}, as_=self.alice).body["queued"] == 0
        assert self.post(f"{PATH}/replay", body, as_=self.charlie).status == 404


class VerificationTests(LegacyApiTestCase):
    def test_receivers_are_told_how_to_check(self):
        answer = self.get(f"{PATH}/verify-docs", as_=self.vera)
        assert answer.status == 200
        assert list(answer.body) == [
            "algorithm", "header", "format", "description", "verification_steps", "example_nodejs",
        ]  # fmt: skip
        assert answer.body["algorithm"] == "HMAC-SHA256"
        assert answer.body["header"] == "X-MC-Signature"
        assert answer.body["format"] == "sha256=<hex-digest>"
        assert len(answer.body["verification_steps"]) == 6
