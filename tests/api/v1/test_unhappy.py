from __future__ import annotations

from unittest.mock import patch

from django.db import OperationalError
from django.test import override_settings

from tests.api.v1.base import V1ApiTestCase
from tests.base import forget_rates


class UnhappyTests(V1ApiTestCase):
    def test_while_the_database_does_not_answer_callers_are_told_to_come_back(self):
        with patch("api.v1.tasks.page_of", side_effect=OperationalError("gone")):
            answer = self.ask("GET", "/tasks")
        error = self.refused(answer, 503, "UNAVAILABLE")
        assert (answer.headers["Retry-After"], "gone" in error["message"]) == ("5", False)

    def test_a_failure_of_ours_tells_nothing_of_itself(self):
        with patch("api.v1.tasks.page_of", side_effect=RuntimeError("a secret")):
            answer = self.ask("GET", "/tasks")
        self.refused(answer, 500, "INTERNAL_ERROR")
        assert b"secret" not in answer.raw

    def test_years_have_four_digits(self):
        task = self.new_task(dueAt="0007-02-01T10:00:00+00:00")
        assert task["dueAt"] == "0007-02-01T10:00:00Z"

    @override_settings(RATE_LIMITS_OFF=False)
    def test_strangers_are_counted_by_their_addresses(self):
        forget_rates()
        answer = self.ask("GET", "/tasks", as_="")
        self.refused(answer, 401, "UNAUTHORIZED")
        assert (answer.headers["X-RateLimit-Limit"], answer.headers["X-RateLimit-Remaining"]) == ("300", "299")

    def test_nobody_guesses_tokens_for_long(self):
        for _ in range(10):
            answer = self.ask("POST", "/auth/token", {"agentId": "jordan"}, as_="mc_adm_" + "x" * 43)
            self.refused(answer, 401, "UNAUTHORIZED")
        answer = self.ask("POST", "/auth/token", {"agentId": "jordan"}, as_="mc_adm_" + "y" * 43)
        self.refused(answer, 429, "RATE_LIMITED")
        assert int(answer.headers["Retry-After"]) >= 1
        self.agent("jordan")
        assert self.ask("POST", "/auth/token", {"agentId": "jordan"}, as_=self.alice).status == 201
