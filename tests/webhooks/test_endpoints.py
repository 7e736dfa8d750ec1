"""What endpoints may count on: signatures that public libraries check, order, and patience."""

from __future__ import annotations

import base64
from datetime import timedelta
from email.utils import format_datetime
from itertools import chain, repeat
from unittest.mock import patch

import pytest
from django.utils import timezone
from standardwebhooks import Webhook as Library
from standardwebhooks import WebhookVerificationError

from tasks.services import add_comment
from tests.base import actor_of
from tests.factories import make_task
from tests.webhooks.receiver import Receiver
from tests.webhooks.test_engine import BAD, FINE, EngineTestCase
from webhooks.models import Delivery, Webhook
from webhooks.posting import Outcome, patience_of, post_now
from webhooks.retention import forget_old_deliveries
from webhooks.services import claim, retry_due, settle, update_webhook
from webhooks.services.breaker import LONGEST_PAUSE, STRIKES
from webhooks.services.claiming import AT_ONCE, BEHIND, request_of
from webhooks.signing import shared


def verifies(secret, got):
    """As receivers do it: by the public library."""
    try:
        return Library(shared(secret)).verify(got.raw, got.headers) is not None
    except WebhookVerificationError:
        return False


class EndpointTestCase(EngineTestCase):
    def told(self, n=1, **options):
        """A webhook with `n` deliveries that wait."""
        url = options.pop("url", "https://example.com/hook")
        self.hook = self.add(url, events=["activity.comment_added"], **options)
        self.task = make_task()
        self.happen(n)
        return self.hook

    def happen(self, n=1):
        for _ in range(n):
            add_comment(task=self.task, actor=actor_of(self.bob), now=self.now, content="hello")
        self.hear()

    def claimed(self, at=None, **options):
        return claim(now=at or self.now, places=99, **options)

    def end(self, outcome, at=None):
        at = at or self.now
        claimed = self.claimed(at)
        settle([(one.id, outcome) for one in claimed], now=at)
        self.hook.refresh_from_db()
        return len(claimed)


class SigningTests(EndpointTestCase):
    def ping(self, receiver):
        row = Delivery(webhook=self.hook, event_type="x", payload='{"data":"ü"}', message_id="delivery_7")
        assert post_now(request_of(Webhook.objects.get(pk=self.hook.pk), row, now=timezone.now())).success
        return receiver.got[-1]

    def rotate(self, now):
        old = self.hook.secret
        self.hook = update_webhook(webhook=self.hook, actor=actor_of(self.alice), now=now, changes={}, new_secret=True)
        return old, self.hook.secret

    def test_the_public_library_believes_it(self):
        with Receiver() as receiver:
            self.hook = self.add(receiver.url)
            got = self.ping(receiver)
        assert shared(self.hook.secret) == "whsec_" + base64.b64encode(self.hook.secret.encode()).decode()
        assert verifies(self.hook.secret, got)
        assert not verifies("another secret", got)
        assert got.headers["webhook-id"] == "delivery_7"
        got.raw += b" "
        assert not verifies(self.hook.secret, got)

    def test_a_replaced_secret_signs_for_another_day(self):
        with Receiver() as receiver:
            self.hook = self.add(receiver.url)
            old, new = self.rotate(self.now)
            got = self.ping(receiver)
            assert verifies(old, got) and verifies(new, got)
            assert [one[:3] for one in got.headers["webhook-signature"].split(" ")] == ["v1,", "v1,"]
            Webhook.objects.update(previous_secret_until=self.now)
            got = self.ping(receiver)
            assert verifies(new, got) and not verifies(old, got)

    def test_without_a_secret_there_is_an_id_and_no_signature(self):
        with Receiver() as receiver:
            self.hook = self.add(receiver.url, secret=False)
            got = self.ping(receiver)
        assert got.headers["webhook-id"] and got.headers["webhook-timestamp"]
        assert "webhook-signature" not in got.headers

    def test_every_attempt_has_the_same_id_and_a_time_of_its_own(self):
        self.told()
        (first,) = self.claimed()
        settle([(first.id, BAD)], now=self.now)
        (again,) = self.claimed(self.now + timedelta(minutes=1))
        assert again.id != first.id
        assert again.request.id == first.request.id == f"delivery_{Delivery.objects.first().event_id}"


class OrderTests(EndpointTestCase):
    def test_first_attempts_are_claimed_in_order_by_one(self):
        self.told(3)
        claimed = self.claimed()
        ids = [int(one.request.id.removeprefix("delivery_")) for one in claimed]
        assert ids == sorted(ids) and len(ids) == 3
        assert {one.width for one in claimed} == {1}
        self.happen()
        assert self.claimed() == []
        settle([(claimed[0].id, FINE)], now=self.now)
        assert self.claimed() == []
        settle([(claimed[1].id, FINE)], now=self.now, unsent=[claimed[2].id])
        assert [one.id for one in self.claimed()][0] == claimed[2].id

    def test_who_is_far_behind_gets_several_at_once(self):
        self.told(3)
        late = self.now + BEHIND + timedelta(seconds=1)
        assert {one.width for one in self.claimed(late)} == {AT_ONCE}

    def test_further_attempts_do_not_hold_up_what_is_new(self):
        self.told()
        self.end(BAD)
        later = self.now + timedelta(minutes=1)
        (again,) = self.claimed(later)
        self.happen()
        (new,) = self.claimed(later)
        assert (again.is_retry, new.is_retry) == (True, False)

    def test_after_a_failure_the_rest_of_a_lane_is_given_back(self):
        from webhooks.sender import Sender

        with Receiver(status=500) as receiver, Sender() as sender:
            self.told(3, url=receiver.url)
            with patch("webhooks.sender.claim", side_effect=chain([self.claimed()], repeat([]))):
                sender.turn()
                while sender.is_busy:
                    sender.turn()
        assert len(receiver.got) == 1
        assert Delivery.objects.filter(is_done=False, is_retry=False, claimed_until=None).count() == 2


class BreakerTests(EndpointTestCase):
    def opened(self):
        self.told(STRIKES + 3)
        for _ in range(STRIKES):
            (first, *rest) = self.claimed()
            settle([(first.id, BAD)], now=self.now, unsent=[one.id for one in rest])
        self.hook.refresh_from_db()

    def test_after_failures_in_a_row_the_endpoint_is_left_alone_and_then_tried_with_one_request(self):
        self.opened()
        assert self.claimed() == []
        later = self.hook.paused_until
        (probe,) = self.claimed(later)
        assert self.claimed(later) == []
        settle([(probe.id, BAD)], now=later)
        assert self.claimed(later + timedelta(seconds=31)) == []
        self.hook.refresh_from_db()
        assert self.hook.paused_until > later + timedelta(seconds=31)
        (probe,) = self.claimed(self.hook.paused_until)
        settle([(probe.id, FINE)], now=self.hook.paused_until)
        assert len(self.claimed(self.hook.paused_until)) > 1

    def test_the_furthest_delivery_is_the_one_that_tries(self):
        """So that a dead endpoint is switched off as late as ever, and no later."""
        self.opened()
        Delivery.objects.filter(is_retry=True).order_by("-id").update(due_at=self.now)
        furthest = Delivery.objects.filter(is_retry=True).first()
        Delivery.objects.filter(pk=furthest.pk).update(attempt=3)
        assert [one.id for one in self.claimed(self.hook.paused_until)] == [furthest.pk]

    def test_a_pause_has_an_end(self):
        self.opened()
        for _ in range(20):
            at = self.hook.paused_until
            (probe,) = self.claimed(at)
            settle([(probe.id, BAD)], now=at)
            self.hook.refresh_from_db()
            assert self.hook.paused_until - at <= LONGEST_PAUSE
            if not self.hook.enabled:
                break

    def test_resetting_it_by_hand_lets_all_out(self):
        self.opened()
        update_webhook(webhook=self.hook, actor=actor_of(self.alice), now=self.now, changes={}, reset_circuit=True)
        assert len(self.claimed()) == 3

    def test_the_job_by_hand_leaves_it_alone_as_well(self):
        self.opened()
        Delivery.objects.update(due_at=self.now)
        assert retry_due(now=self.now) == (0, 0)


class RefusalTests(EndpointTestCase):
    def test_an_endpoint_that_is_gone_is_switched_off_at_once(self):
        self.told(2)
        (first, second) = self.claimed()
        settle([(first.id, Outcome(410, "", None, 5))], now=self.now, unsent=[second.id])
        self.hook.refresh_from_db()
        assert self.hook.enabled is False
        assert Delivery.objects.get(pk=first.id).is_dead
        assert not Delivery.objects.filter(is_retry=True).exists()
        assert "webhook.changed" in self.heard()

    def test_retry_after_is_kept(self):
        self.told(2)
        (first, second) = self.claimed()
        settle([(first.id, Outcome(503, "", None, 5, 900))], now=self.now, unsent=[second.id])
        again = Delivery.objects.get(is_retry=True)
        assert again.due_at >= self.now + timedelta(seconds=899)
        assert self.claimed(self.now + timedelta(seconds=890)) == []
        assert len(self.claimed(self.now + timedelta(seconds=901))) == 2

    def test_retry_after_comes_in_two_forms_and_in_none(self):
        assert patience_of("120") == 120
        assert 50 <= patience_of(format_datetime(timezone.now() + timedelta(seconds=60), usegmt=True)) <= 61
        assert patience_of("999999999999999999999") == 28_800
        for odd in ("", "soon", "-5", "1.5", "Wed, 99 Foo 2026 00:00:00 GMT", "٣", format_datetime(self.now - BEHIND)):
            assert patience_of(odd) == 0, odd

    def test_what_an_endpoint_asks_for_is_read_from_its_answer(self):
        with Receiver(status=429, headers={"Retry-After": "77"}) as receiver:
            self.hook = self.add(receiver.url)
            row = Delivery(webhook=self.hook, event_type="x", payload="{}")
            assert post_now(request_of(self.hook, row, now=self.now)).retry_after == 77

    def test_what_failed_for_good_is_marked(self):
        self.told()
        at = self.now
        while self.end(BAD, at):
            waiting = Delivery.objects.filter(is_done=False).first()
            at = max(waiting.due_at, self.hook.paused_until or at) if waiting else at
        assert [row.attempt for row in Delivery.objects.filter(is_dead=True)] == [4]

    def test_what_is_over_is_forgotten_in_the_end_and_what_waits_is_not(self):
        self.told(2)
        (first, second) = self.claimed()
        settle([(first.id, FINE)], now=self.now, unsent=[second.id])
        assert forget_old_deliveries(now=self.now + timedelta(days=29)) == 0
        assert forget_old_deliveries(now=self.now + timedelta(days=31)) == 1
        assert Delivery.objects.get().pk == second.id
        with self.settings(RETAIN_WEBHOOKS_DAYS=0):
            assert forget_old_deliveries(now=self.now + timedelta(days=999)) == 0


@pytest.mark.parametrize("answer", [b"", b"x" * 5_000_000, b"\xff\x00\xfe"])
def test_odd_answers_are_kept_in_part(answer, settings):
    settings.WEBHOOK_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    with Receiver(answer=answer) as receiver:
        from webhooks.posting import Request

        outcome = post_now(Request(receiver.url, "x", "s", "{}"))
    assert outcome.success and len(outcome.body) <= Delivery.LONGEST_BODY + 3
