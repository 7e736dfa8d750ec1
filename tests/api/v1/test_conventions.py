"""What every route of the dialect has in common."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from accounts.access import limits
from accounts.models import ApiKey, IdempotentCall
from agents.models import Mandate
from tasks.models import Task
from tests.api.v1.base import V1ApiTestCase


class ConventionTests(V1ApiTestCase):
    def test_health_answers_everybody(self):
        answer = self.ask("GET", "/health", as_="")
        assert answer.status == 200
        assert answer.body["status"] == "ok"
        assert answer.headers["Content-Type"] == "application/json; charset=utf-8"

    def test_whoever_brings_no_credential_is_told_so(self):
        answer = self.ask("GET", "/tasks", as_="")
        self.refused(answer, 401, "UNAUTHORIZED")
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        self.refused(self.ask("GET", "/tasks", as_="mc_agt_nobody"), 401, "UNAUTHORIZED")

    def test_an_expired_token_is_told_apart(self):
        jordan = self.agent()
        token = self.token(jordan)
        ApiKey.objects.filter(agent_id=jordan.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
        self.refused(self.ask("GET", "/tasks", as_=token), 401, "TOKEN_EXPIRED")

    def test_unknown_addresses_and_methods_have_the_envelope_too(self):
        self.refused(self.ask("GET", "/nothing/here"), 404, "NOT_FOUND")
        answer = self.ask("DELETE", "/tasks")
        self.refused(answer, 405, "METHOD_NOT_ALLOWED")
        assert answer.headers["Allow"] == "GET, POST"

    def test_a_trailing_slash_changes_nothing(self):
        assert self.ask("GET", "/tasks/").body == self.ask("GET", "/tasks").body
        assert self.ask("POST", "/tasks/", {"title": "With a slash", "type": "OPS"}).status == 201

    def test_bodies_that_are_no_json_objects(self):
        self.refused(self.ask("POST", "/tasks", b"{"), 400, "INVALID_JSON")
        self.refused(self.ask("POST", "/tasks", b"[]"), 400, "VALIDATION_ERROR")
        self.refused(self.ask("POST", "/tasks", b" " * (2 * 1024 * 1024 + 1)), 413, "PAYLOAD_TOO_LARGE")
        meta = {"HTTP_AUTHORIZATION": f"Bearer {self.keys[self.bob]}"}
        answer = self.client.post("/api/v1/tasks", b"title=x", content_type="text/plain", **meta)
        assert answer.status_code == 415
        assert answer.json()["error"]["code"] == "UNSUPPORTED_MEDIA_TYPE"

    def test_x_agent_id_must_be_the_tokens_agent(self):
        jordan = self.agent()
        assert self.ask("GET", "/tasks", as_=jordan, x_agent_id="jordan").status == 200
        self.refused(self.ask("GET", "/tasks", as_=jordan, x_agent_id="riley"), 403, "AGENT_MISMATCH")

    def test_an_agent_in_quarantine_may_only_look(self):
        jordan = self.agent(control=Mandate.Control.QUARANTINED)
        assert self.ask("GET", "/tasks", as_=jordan).status == 200
        answer = self.ask("POST", "/tasks", {"title": "x", "type": "OPS"}, as_=jordan)
        self.refused(answer, 403, "AGENT_QUARANTINED")

    def test_an_agent_that_was_given_up_comes_back_with_what_it_does(self):
        jordan = self.agent(control=Mandate.Control.OFFLINE)
        self.new_task(as_=jordan)
        assert Mandate.objects.get(agent=jordan).control == "ACTIVE"

    def test_viewers_read_and_do_not_write(self):
        assert self.ask("GET", "/tasks", as_=self.vera).status == 200
        self.refused(self.ask("POST", "/tasks", {"title": "x", "type": "OPS"}, as_=self.vera), 403, "FORBIDDEN")

    def test_the_limits_are_told_and_held(self):
        with self.settings(RATE_LIMITS_OFF=False):
            limits.limiter.cache_clear()
            answers = [self.ask("POST", "/tasks", {"title": "x"}, x_any="1") for _ in range(101)]
        assert answers[0].headers["X-RateLimit-Limit"] == "100"
        assert answers[0].headers["X-RateLimit-Remaining"] == "99"
        error = self.refused(answers[-1], 429, "RATE_LIMITED")
        assert error["details"]["limit"] == 100
        assert int(answers[-1].headers["Retry-After"]) >= 1

    def test_every_answer_tells_how_much_is_left(self):
        asked = [
            ("GET", "/health", ""),
            ("GET", "/openapi.json", ""),
            ("GET", "/nothing", ""),
            ("GET", "/nothing", None),
        ]
        asked += [
            ("POST", "/nothing/at/all", None),
            ("DELETE", "/tasks", None),
            ("PUT", "/tasks", ""),
            ("GET", "/tasks", ""),
        ]
        with self.settings(RATE_LIMITS_OFF=False):
            limits.limiter.cache_clear()
            for method, path, who in asked:
                with self.subTest(method=method, path=path, who=who):
                    headers = self.ask(method, path, as_=who).headers
                    assert headers["X-RateLimit-Limit"] == ("300" if method == "GET" else "100")
                    assert int(headers["X-RateLimit-Remaining"]) < int(headers["X-RateLimit-Limit"])
                    assert int(headers["X-RateLimit-Reset"]) > timezone.now().timestamp() - 1

    def test_addresses_that_are_not_there_are_counted_too(self):
        with self.settings(RATE_LIMITS_OFF=False):
            limits.limiter.cache_clear()
            answers = [self.ask("POST", "/nothing") for _ in range(101)]
        self.refused(answers[0], 404, "NOT_FOUND")
        self.refused(answers[-1], 429, "RATE_LIMITED")


class IdempotencyTests(V1ApiTestCase):
    BODY = {"title": "Once", "type": "OPS"}

    def test_the_same_request_has_one_effect_and_one_answer(self):
        first = self.ask("POST", "/tasks", self.BODY, x_idempotency_key="k1")
        again = self.ask("POST", "/tasks", dict(reversed(self.BODY.items())), x_idempotency_key="k1")
        assert (first.status, first.body["created"]) == (201, True)
        assert (again.status, again.body["created"]) == (200, False)
        assert again.headers["X-Idempotent-Replay"] == "true"
        assert again.body["task"] == first.body["task"]
        assert Task.objects.count() == 1

    def test_a_trailing_slash_is_no_other_request(self):
        first = self.ask("POST", "/tasks", self.BODY, x_idempotency_key="k1")
        again = self.ask("POST", "/tasks/", self.BODY, x_idempotency_key="k1")
        assert (again.status, again.body["task"]) == (200, first.body["task"])
        answer = self.ask("POST", "/tasks?to=others", self.BODY, x_idempotency_key="k1")
        self.refused(answer, 409, "IDEMPOTENCY_CONFLICT")

    def test_another_body_is_a_conflict(self):
        self.ask("POST", "/tasks", self.BODY, x_idempotency_key="k1")
        answer = self.ask("POST", "/tasks", {**self.BODY, "title": "Twice"}, x_idempotency_key="k1")
        self.refused(answer, 409, "IDEMPOTENCY_CONFLICT")

    def test_a_failed_call_gives_its_key_back(self):
        self.refused(self.ask("POST", "/tasks", {"title": ""}, x_idempotency_key="k1"), 400, "VALIDATION_ERROR")
        assert self.ask("POST", "/tasks", self.BODY, x_idempotency_key="k1").status == 201

    def test_while_the_first_call_runs_the_second_waits(self):
        self.ask("POST", "/tasks", self.BODY, x_idempotency_key="k1")
        IdempotentCall.objects.update(status=None, answer=None)
        answer = self.ask("POST", "/tasks", self.BODY, x_idempotency_key="k1")
        self.refused(answer, 409, "IDEMPOTENCY_IN_PROGRESS")
        assert answer.headers["Retry-After"] == "1"

    def test_a_key_whose_caller_died_is_free_after_a_minute(self):
        self.ask("POST", "/tasks", self.BODY, x_idempotency_key="k1")
        IdempotentCall.objects.update(status=None, answer=None, began_at=timezone.now() - timedelta(minutes=2))
        Task.objects.all().delete()  # of a caller who died nothing is left
        assert self.ask("POST", "/tasks", self.BODY, x_idempotency_key="k1").status == 201

    def test_keys_are_each_callers_own(self):
        assert self.ask("POST", "/tasks", self.BODY, x_idempotency_key="k1").status == 201
        assert self.ask("POST", "/tasks", self.BODY, x_idempotency_key="k1", as_=self.alice).status == 201

    def test_a_key_must_be_printable(self):
        for key in ("", "x" * 256, "tab\there", "é"):
            answer = self.ask("POST", "/tasks", self.BODY, x_idempotency_key=key)
            self.refused(answer, 400, "VALIDATION_ERROR")


class OddBodyTests(V1ApiTestCase):
    def test_nul_is_dropped_from_any_text(self):
        body = rb'{"title": "a\u0000b", "type": "OPS", "metadata": {"k\u0000": "x\u0000y", "kept": "\\u0000"}}'
        task = self.ask("POST", "/tasks", body).body["task"]
        assert task["title"] == "ab"
        assert task["metadata"] == {"k": "xy", "kept": "\\u0000"}

    def test_nul_in_an_address_names_nothing(self):
        self.refused(self.ask("GET", "/agents/jor%00dan"), 404, "NOT_FOUND")
        self.refused(self.ask("GET", "/approvals?requestorId=%00"), 400, "VALIDATION_ERROR")

    def test_a_body_that_is_nested_without_end_is_refused(self):
        for depth, status in ((10, 201), (150, 400), (600, 400)):
            nested = b'{"a":' * depth + b"1" + b"}" * depth
            body = b'{"title": "x", "type": "OPS", "metadata": ' + nested + b"}"
            for key in ({}, {"x_idempotency_key": f"k{depth}"}):
                with self.subTest(depth=depth, key=key):
                    assert self.ask("POST", "/tasks", body, **key).status == status
