from __future__ import annotations

from unittest.mock import patch

from django.db import OperationalError

from tests.api.v1.base import V1ApiTestCase


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
