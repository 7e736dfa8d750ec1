"""The job that makes second tries, and the setting that forbids them."""

from __future__ import annotations

from datetime import timedelta

from django.test import override_settings

from activity import readers
from system.services.settings import set_settings
from system.work import retry_webhooks
from tests.base import BaseTestCase, actor_of
from tests.factories import make_task
from tests.webhooks.receiver import Receiver
from webhooks.models import Delivery
from webhooks.posting import Outcome
from webhooks.services import claim, create_webhook, settle

READER = "realtime.readers.feed_webhooks"


@override_settings(WEBHOOK_ALLOWED_NETWORKS=["127.0.0.0/8"])
class WebhookRetryTests(BaseTestCase):
    def fail_once(self, url):
        """A delivery that did not get through, and its second try, due now."""
        readers.catch_up(READER, now=self.now)
        create_webhook(
            actor=actor_of(self.alice), now=self.now, name="ci", url=url, events=["activity.task_created"],
            with_secret=True,
        )  # fmt: skip
        make_task()
        while readers.catch_up(READER, now=self.now):
            pass
        first, *rest = claim(now=self.now, places=9, under_way={})
        fine = [(one.id, Outcome(200, "ok", None, 5)) for one in rest]
        settle([(first.id, Outcome(500, "no", None, 5)), *fine], now=self.now)
        Delivery.objects.filter(is_retry=True).update(due_at=self.now)

    def test_without_any_it_says_so(self):
        assert retry_webhooks(self.now) == "No pending retries"

    def test_what_waits_is_sent(self):
        with Receiver() as receiver:
            self.fail_once(receiver.url)
            assert retry_webhooks(self.now) == "Processed 1 retries (1 ok, 0 failed)"
            assert len(receiver.got) == 1
        assert Delivery.objects.get(is_retry=True).status_code == 200
        assert retry_webhooks(self.now) == "No pending retries"

    def test_what_fails_again_waits_again(self):
        with Receiver(status=503) as receiver:
            self.fail_once(receiver.url)
            assert retry_webhooks(self.now) == "Processed 1 retries (0 ok, 1 failed)"
        again = Delivery.objects.get(attempt=2)
        assert again.due_at > self.now + timedelta(minutes=3)

    def test_switched_off_the_sender_leaves_them_and_a_run_by_hand_does_not(self):
        with Receiver() as receiver:
            self.fail_once(receiver.url)
            values = {"webhooks.retry_enabled": "false"}
            set_settings(actor=actor_of(self.alice), now=self.now, values=values)
            assert claim(now=self.now, places=9, under_way={}) == []
            assert retry_webhooks(self.now) == "Processed 1 retries (1 ok, 0 failed)"
