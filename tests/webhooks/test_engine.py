"""From a change to the request that tells of it, with everything in between."""

from __future__ import annotations

import hashlib
import hmac
import time
from datetime import timedelta
from unittest.mock import patch

from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from activity import readers
from agents.services import update_agent
from core.actors import system
from tasks.services import delete_task, update_task
from tests.base import BaseTestCase, actor_of
from tests.factories import make_agent, make_task
from tests.webhooks.receiver import Receiver
from webhooks.models import Delivery, Webhook
from webhooks.posting import Outcome
from webhooks.sender import Sender
from webhooks.services import claim, create_webhook, delete_webhook, settle, update_webhook
from webhooks.services.claiming import CHAIN
from webhooks.services.queueing import waiting

READER = "realtime.readers.feed_webhooks"
FINE = Outcome(200, "ok", None, 5)
BAD = Outcome(500, "no", None, 5)


@override_settings(WEBHOOK_ALLOWED_NETWORKS=["127.0.0.0/8"])
class EngineTestCase(BaseTestCase):
    def setUp(self):
        super().setUp()
        readers.catch_up(READER, now=self.now)

    def add(self, url="https://example.com/hook", *, events=("*",), by=None, secret=True):
        return create_webhook(
            actor=actor_of(by or self.alice), now=self.now, name="ci", url=url, events=list(events), with_secret=secret
        )

    def hear(self):
        while readers.catch_up(READER, now=self.now):
            pass
        return list(Delivery.objects.order_by("id").values_list("event_type", flat=True))

    def settle_all(self, outcome, at=None):
        """One round: claim everything that is due and let it end so."""
        at = at or self.now
        claimed = claim(now=at, places=100, under_way={})
        settle([(one.id, outcome) for one in claimed], now=at)
        return len(claimed)


class QueueingTests(EngineTestCase):
    def test_a_task_is_told_by_its_story_and_by_itself(self):
        self.add()
        task = make_task()
        update_task(task=task, actor=system(1), now=self.now, changes={"title": "New"}, sent={"title": "New"})
        delete_task(task=task, actor=system(1), now=self.now)
        names = ["activity.task_created"] * 2 + ["activity.task_updated"] * 2 + ["activity.task_deleted"] * 2
        assert self.hear() == names

    def test_notifications_and_presence_have_names_of_their_own(self):
        self.add(events=["notification.assignment", "agent.status_change", "agent.error"])
        make_agent("nova")
        make_task(assigned_to="nova")
        assert self.hear() == ["notification.assignment"]

    def test_only_what_is_listened_for_is_queued_for_enabled_webhooks_of_the_workspace(self):
        self.add(events=["activity.task_deleted"])
        self.add(events=["activity.task"])
        self.add(by=self.charlie)
        off = self.add()
        update_webhook(webhook=off, actor=actor_of(self.alice), now=self.now, changes={"enabled": False})
        make_task()
        assert self.hear() == []

    def test_changes_of_webhooks_tell_nothing_of_their_secret(self):
        from activity.models import Event

        row = self.add()
        assert row.secret not in str(list(Event.objects.values_list("data", "description")))

    def test_what_happened_before_there_was_a_webhook_is_not_told(self):
        make_task()
        self.add()
        assert self.hear() == []

    def test_while_nobody_listens_events_are_passed_over(self):
        webhook = self.add()
        update_webhook(webhook=webhook, actor=actor_of(self.alice), now=self.now, changes={"enabled": False})
        make_task()
        with CaptureQueriesContext(connection) as asked:
            assert self.hear() == []
        assert not any('SELECT "activity_event"."id", "activity_event"."kind"' in query["sql"] for query in asked)
        update_webhook(webhook=webhook, actor=actor_of(self.alice), now=self.now, changes={"enabled": True})
        make_task()
        assert self.hear() == ["activity.task_created"] * 2

    def test_a_page_of_events_asks_for_webhooks_once(self):
        self.add()
        for _ in range(5):
            make_task()
        self.hear()
        assert Delivery.objects.count() == 10


class SendingTests(EngineTestCase):
    def send(self, seconds=5.0, until=lambda: not Delivery.objects.filter(is_done=False).exists()):
        with Sender() as sender:
            end = time.monotonic() + seconds
            while time.monotonic() < end and not until():
                sender.turn()
                time.sleep(0.01)
        assert until()

    def test_a_change_arrives_signed(self):
        with Receiver() as receiver:
            webhook = self.add(receiver.url, events=["activity.task_created"])
            task = make_task("Fix login")
            self.hear()
            self.send()
        assert len(receiver.got) == 2
        by_task = next(got for got in receiver.got if "title" in got.body["data"])
        assert list(by_task.body) == ["event", "timestamp", "data"]
        assert by_task.body["event"] == by_task.headers["X-MC-Event"] == "activity.task_created"
        assert (by_task.body["data"]["id"], by_task.body["data"]["ticket_ref"]) == (task.pk, "TASK-001")
        assert by_task.body["data"]["workspace_id"] == 1
        digest = hmac.new(webhook.secret.encode(), by_task.raw, hashlib.sha256).hexdigest()
        assert by_task.headers["X-MC-Signature"] == f"sha256={digest}"
        assert by_task.headers["User-Agent"] == "MissionControl-Webhook/1.0"
        assert by_task.headers["Content-Type"] == "application/json"
        webhook.refresh_from_db()
        assert (webhook.last_status, webhook.successful_deliveries, webhook.consecutive_failures) == (200, 2, 0)
        row = Delivery.objects.first()
        assert (row.status_code, row.response_body, row.error) == (200, "thanks", None)

    def test_without_a_secret_there_is_no_signature(self):
        with Receiver() as receiver:
            self.add(receiver.url, events=["activity.task_created"], secret=False)
            make_task()
            self.hear()
            self.send()
        assert "X-MC-Signature" not in receiver.got[0].headers

    def test_redirects_are_not_followed(self):
        with Receiver() as elsewhere, Receiver(status=302, headers={"Location": elsewhere.url}) as receiver:
            self.add(receiver.url, events=["activity.task_created"])
            make_task()
            self.hear()
            self.send(until=lambda: Delivery.objects.filter(is_done=True).count() == 2)
        assert elsewhere.got == []
        row = Delivery.objects.filter(is_done=True).first()
        assert (row.status_code, row.response_body, row.error) == (None, None, "fetch failed")
        assert Webhook.objects.get().last_status == -1

    def test_long_answers_are_cut(self):
        with Receiver(answer=b"x" * 100_000) as receiver:
            self.add(receiver.url, events=["activity.task_created"])
            make_task()
            self.hear()
            self.send()
        assert Delivery.objects.first().response_body == "x" * 1000 + "..."

    def test_who_answers_too_late_has_failed(self):
        with Receiver(slow=2) as receiver, patch("webhooks.posting.TIMEOUT", 0.2):
            self.add(receiver.url, events=["activity.task_created"])
            make_task()
            self.hear()
            self.send(until=lambda: Delivery.objects.filter(is_done=True).count() == 2)
        row = Delivery.objects.filter(is_done=True).first()
        assert (row.status_code, row.response_body, row.error) == (None, None, "Timeout (10s)")
        assert row.duration_ms < 2000

    def test_a_slow_endpoint_does_not_hold_the_others(self):
        with Receiver(slow=9) as slow, Receiver() as quick:
            slow_hook = self.add(slow.url)
            self.add(quick.url, events=["activity.task_created"])
            for _ in range(15):
                make_task()
            self.hear()
            quick_done = Delivery.objects.exclude(webhook=slow_hook).filter(is_done=True)
            self.send(until=lambda: quick_done.count() == 30)
            assert not Delivery.objects.filter(webhook=slow_hook, is_done=True).exists()
            assert len(slow.got) == 1


class ClaimTests(EngineTestCase):
    def setUp(self):
        super().setUp()
        self.hook = self.add(events=["activity.task_deleted"])
        task = make_task()
        delete_task(task=task, actor=system(1), now=self.now)
        assert len(self.hear()) == 2

    def test_what_is_claimed_is_not_claimed_again_before_it_lapses(self):
        assert len(claim(now=self.now, places=10, under_way={})) == 2
        assert claim(now=self.now, places=10, under_way={}) == []
        later = self.now + timedelta(seconds=31)
        assert len(claim(now=later, places=10, under_way={})) == 2

    def test_an_outcome_counts_once(self):
        (one, _) = claim(now=self.now, places=10, under_way={})
        settle([(one.id, FINE)], now=self.now)
        settle([(one.id, BAD)], now=self.now)
        self.hook.refresh_from_db()
        assert (self.hook.successful_deliveries, self.hook.failed_deliveries) == (1, 0)
        assert Delivery.objects.get(pk=one.id).status_code == 200

    def test_places_and_shares_are_kept(self):
        other = self.add(events=["activity.task_created"])
        make_task()
        self.hear()
        assert {one.webhook_id for one in claim(now=self.now, places=1)} == {self.hook.pk}
        claimed = claim(now=self.now + timedelta(minutes=1), places=10, under_way={(self.hook.pk, False)})
        assert {one.webhook_id for one in claimed} == {other.pk}

    def test_nothing_is_sent_to_a_webhook_that_is_off_and_it_goes_out_later(self):
        admin = actor_of(self.alice)
        update_webhook(webhook=self.hook, actor=admin, now=self.now, changes={"enabled": False})
        assert claim(now=self.now, places=10, under_way={}) == []
        update_webhook(webhook=self.hook, actor=admin, now=self.now, changes={}, reset_circuit=True)
        assert len(claim(now=self.now, places=10, under_way={})) == 2

    def test_a_webhook_removed_meanwhile_is_no_trouble(self):
        claimed = claim(now=self.now, places=10, under_way={})
        delete_webhook(webhook=self.hook, actor=actor_of(self.alice), now=self.now)
        settle([(one.id, FINE) for one in claimed], now=self.now)
        assert Delivery.objects.count() == 0


class RetryTests(EngineTestCase):
    def setUp(self):
        super().setUp()
        self.hook = self.add(events=["activity.comment_added"])

    def one(self):
        from tasks.services import add_comment

        add_comment(task=make_task(), actor=actor_of(self.bob), now=self.now, content="hello")
        self.hear()

    def state(self):
        self.hook.refresh_from_db()
        return self.hook.enabled, self.hook.consecutive_failures

    def test_failures_are_tried_again_at_growing_distances_until_the_circuit_opens(self):
        self.one()
        at = self.now
        for attempt, delay in enumerate((30, 300, 1800, 7200)):
            assert self.settle_all(BAD, at) == 1
            failed, again = Delivery.objects.get(attempt=attempt), Delivery.objects.get(attempt=attempt + 1)
            assert again.parent_delivery_id == failed.pk
            assert failed.next_retry_at == again.due_at
            assert 0.8 * delay <= (again.due_at - at).total_seconds() <= 1.2 * delay
            assert self.settle_all(BAD, again.due_at - timedelta(seconds=1)) == 0
            at = again.due_at
        assert self.state() == (True, 4)
        assert self.settle_all(BAD, at) == 1
        assert self.state() == (False, 5)
        assert Delivery.objects.filter(is_done=False).count() == 0
        assert "webhook.changed" in self.heard()

    def test_a_retry_has_a_new_timestamp_and_the_same_data(self):
        self.one()
        self.settle_all(BAD)
        again = Delivery.objects.get(attempt=1)
        (claimed,) = claim(now=again.due_at, places=1, under_way={})
        first = Delivery.objects.get(attempt=0)
        assert first.next_retry_at is None
        import orjson

        sent, before = orjson.loads(claimed.request.payload), orjson.loads(first.payload)
        assert sent["timestamp"] == int(again.due_at.timestamp())
        assert (sent["event"], sent["data"]) == (before["event"], before["data"])

    def test_success_forgets_the_failures(self):
        self.one()
        self.settle_all(BAD)
        assert self.state() == (True, 1)
        self.settle_all(FINE, Delivery.objects.get(attempt=1).due_at)
        assert self.state() == (True, 0)
        assert Delivery.objects.filter(is_done=False).count() == 0

    @override_settings(WEBHOOK_MAX_RETRIES=1)
    def test_one_attempt_may_be_all(self):
        self.one()
        self.settle_all(BAD)
        assert self.state() == (False, 1)
        assert Delivery.objects.count() == 1

    def pile_up(self, n):
        rows = [waiting(self.hook, "x", "{}", due_at=self.now, now=self.now) for _ in range(n)]
        Delivery.objects.bulk_create(rows)

    def test_the_newest_two_hundred_are_kept_and_what_waits_is_never_forgotten(self):
        self.pile_up(205)
        while self.settle_all(FINE):
            pass
        assert Delivery.objects.count() == 200
        self.hook.refresh_from_db()
        assert self.hook.successful_deliveries == 205
        self.pile_up(205)
        self.settle_all(FINE)
        assert Delivery.objects.filter(is_done=False).count() == 205 - CHAIN
        assert Delivery.objects.filter(is_done=True).count() == 200


class PresenceTests(EngineTestCase):
    def test_an_error_has_a_second_name(self):
        from activity.catalogue import Kind
        from activity.services import fact, record

        self.add(events=["agent.status_change", "agent.error"])
        agent = make_agent("nova")
        update_agent(agent=agent, actor=system(1), now=self.now, changes={"status": "error"})
        assert self.hear() == []
        data = {"id": agent.pk, "name": "nova", "status": "error", "was": "idle"}
        record(fact(Kind.AGENT_PRESENCE, actor=system(1), subject=f"agent:{agent.pk}", data=data))
        assert self.hear() == ["agent.status_change", "agent.error"]

    def test_security_actions_are_told(self):
        from activity.audit import record_audit

        self.add(events=["security.login_failed"])
        record_audit("login_failed", actor=system(1), at=self.now, target=("user", 3))
        self.hear()
        import orjson

        data = orjson.loads(Delivery.objects.get().payload)["data"]
        assert data.keys() == {"action", "actor", "target_type", "target_id", "workspace_id", "timestamp"}
