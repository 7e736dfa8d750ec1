from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from integrations import contacts
from integrations.contacts import Away, reach
from integrations.models import Contact
from tests.base import BaseTestCase

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


class ContactTests(BaseTestCase):
    def fail(self, at: datetime, message: str = "no answer") -> None:
        def call() -> None:
            self.calls += 1
            raise Away(message)

        with pytest.raises(Away):
            reach("github", call, now=at)

    def setUp(self):
        super().setUp()
        self.calls = 0

    def test_what_the_system_answers_is_passed_on(self):
        assert reach("github", lambda: 7, now=NOW) == 7
        assert contacts.troubles() == {}

    def test_a_system_that_fails_again_and_again_is_left_alone_and_tried_again(self):
        for second in range(5):
            self.fail(later(second))
        assert self.calls == 3
        assert contacts.troubles() == {"github": "no answer"}
        self.fail(later(2 + 15))
        assert self.calls == 4
        self.fail(later(2 + 15 + 29))
        assert self.calls == 4
        assert reach("github", lambda: "back", now=later(2 + 15 + 31)) == "back"
        assert contacts.troubles() == {}
        self.fail(later(100))
        self.fail(later(101))
        assert self.calls == 6

    def test_the_pause_has_an_end(self):
        for n in range(60):
            self.fail(later(1000 * n))
        assert self.calls == 60

    def test_other_errors_are_not_the_systems_fault(self):
        with pytest.raises(ZeroDivisionError):
            reach("github", lambda: 1 // 0, now=NOW)
        assert contacts.troubles() == {}

    def test_secrets_do_not_stay_in_the_reason(self):
        self.fail(NOW, "401 for token ghp_0123456789abcdefghijABCDEFGHIJ012345")
        assert "ghp_" not in contacts.troubles()["github"]

    def test_systems_are_apart(self):
        for _ in range(3):
            self.fail(NOW)
        assert reach("gateway:1", lambda: 1, now=NOW) == 1

    def test_who_changed_the_settings_need_not_wait(self):
        for _ in range(3):
            self.fail(NOW)
        contacts.forget("github")
        assert reach("github", lambda: 1, now=NOW) == 1

    def test_readyz_tells_of_it_and_stays_ready(self):
        reach("github", lambda: 1, now=NOW)
        self.fail(NOW, "GitHub answers 503")
        answer = self.client.get("/readyz")
        assert answer.json()["checks"]["integration github"] == "GitHub answers 503"
        assert Contact.objects.get().since == NOW
