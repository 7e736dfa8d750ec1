"""Old rows go in short transactions: others see each of them, and write in between."""

from __future__ import annotations

import threading
from datetime import timedelta
from itertools import count

from django.db import connection
from django.test import SimpleTestCase, TransactionTestCase
from django.utils import timezone

from accounts.models import IdempotentCall
from core.ages import FIRST, HELD, LEAST, MOST, REST, Pace, next_size, remove, remove_in_order


class SizeTests(SimpleTestCase):
    def test_a_transaction_that_took_too_long_is_followed_by_a_smaller_one(self):
        assert next_size(1000, took=HELD * 4) == 250

    def test_a_quick_one_by_a_larger_one_but_by_half_at_most(self):
        assert next_size(1000, took=HELD / 1.2) == 1200
        assert next_size(1000, took=HELD / 100) == next_size(1000, took=0) == 1500

    def test_there_is_a_least_and_a_most(self):
        assert next_size(LEAST, took=60) == LEAST
        assert next_size(MOST, took=0) == MOST


class RemovingTests(TransactionTestCase):
    def setUp(self):
        self.now = timezone.now()
        old = self.now - timedelta(days=30)
        IdempotentCall.objects.bulk_create(self.call(n, old) for n in range(FIRST * 3))
        self.rows = IdempotentCall.objects.filter(began_at__lt=self.now - timedelta(days=1))
        self.seen, self.numbers = [], count(100_000)

    def call(self, number, at):
        return IdempotentCall(caller="x", method="POST", route="/", key=str(number), fingerprint="x", began_at=at)

    def somebody_writes(self, seconds):
        """Another connection, while the one that removes rests."""

        def write():
            try:
                self.call(next(self.numbers), self.now).save()
                self.seen.append(self.rows.count())
            finally:
                connection.close()

        assert seconds == REST
        thread = threading.Thread(target=write)
        thread.start()
        thread.join()

    def pace(self, *took):
        """A clock by which the transactions take so long."""
        moments = iter([moment for seconds in took for moment in (0.0, seconds)])
        return Pace(clock=lambda: next(moments, 0.0), rest=self.somebody_writes)

    def check(self):
        # Each transaction stands by itself, smaller after a slow one, and what was written in between stays.
        assert self.seen[:3] == [FIRST * 2, FIRST * 2 - FIRST // 2, FIRST * 2 - FIRST // 2 - FIRST // 4]
        assert self.rows.count() == 0
        assert IdempotentCall.objects.count() == len(self.seen)

    def test_by_ranges_of_ids(self):
        last = self.rows.order_by("-id").values_list("id", flat=True)[0]
        slow = self.pace(HELD * 2, HELD * 2, HELD / 10)
        assert remove(self.rows, up_to=last, pace=slow) == FIRST * 3
        self.check()

    def test_by_an_index(self):
        slow = self.pace(HELD * 2, HELD * 2, HELD / 10)
        assert remove_in_order(self.rows.order_by("began_at"), pace=slow) == FIRST * 3
        self.check()

    def test_what_was_renewed_meanwhile_stays(self):
        kept = self.rows.order_by("-id")[0]

        def renew(seconds):
            IdempotentCall.objects.filter(pk=kept.pk).update(began_at=self.now)

        assert remove_in_order(self.rows.order_by("id"), pace=Pace(rest=renew)) == FIRST * 3 - 1
        assert IdempotentCall.objects.filter(pk=kept.pk).exists()
