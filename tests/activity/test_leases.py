from __future__ import annotations

from datetime import timedelta

import pytest

from activity.leases import lease
from tests.base import BaseTestCase


class LeaseTests(BaseTestCase):
    def test_one_at_a_time_gets_it(self):
        with lease("job", now=self.now) as first, lease("job", now=self.now) as second:
            assert (first, second) == (True, False)

    def test_who_did_not_get_it_takes_it_from_nobody(self):
        with lease("job", now=self.now):
            with lease("job", now=self.now):
                pass
            with lease("job", now=self.now) as third:
                assert not third

    def test_it_is_given_back_even_after_an_error(self):
        now = self.now
        with pytest.raises(RuntimeError), lease("job", now=now):
            raise RuntimeError
        with lease("job", now=now) as again:
            assert again

    def test_a_dead_holders_lease_lapses(self):
        now = self.now
        held = lease("job", now=now, seconds=60)
        held.__enter__()
        with lease("job", now=now + timedelta(seconds=59)) as early:
            assert not early
        with lease("job", now=now + timedelta(seconds=60)) as late:
            assert late

    def test_other_jobs_are_free(self):
        with lease("a", now=self.now) as a, lease("b", now=self.now) as b:
            assert a and b
