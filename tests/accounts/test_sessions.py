from __future__ import annotations

from datetime import timedelta

from accounts.jobs import forget_old_sessions
from accounts.models import Session
from tests.base import BaseTestCase


class OldSessionsTests(BaseTestCase):
    def test_sessions_that_have_ended_are_forgotten(self):
        for person in (self.alice, self.bob):
            self.client.logout()
            self.client.cookies.clear()
            self.client.force_login(person)
        Session.objects.filter(user=self.alice).update(expire_date=self.now - timedelta(seconds=1))
        Session.objects.get_or_create(
            session_key="x" * 64, defaults={"session_data": "", "expire_date": self.now - timedelta(days=1)}
        )
        gone = forget_old_sessions(now=self.now)
        assert gone >= 1
        assert list(Session.objects.values_list("user__username", flat=True)) == ["bob"]
