"""Whatever is sent, the answer is the contract's: never a failure of ours, always documented."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator

from accounts.services import issue_key
from core.actors import Role, system
from tests.api.odd import Operation, Question, operations, questions
from tests.base import LegacyApiTestCase, forget_rates
from tests.factories import make_agent, make_task
from tests.server import Server

EXAMPLES = 10
HUGE = 5 * 1024 * 1024
odd = settings(
    derandomize=True, database=None, deadline=None, max_examples=EXAMPLES, suppress_health_check=list(HealthCheck)
)
# Roles are tested elsewhere: most of these get as far as the body.
CALLERS = ["operator", "admin", "person", "admin", "agent", "outsider", "viewer", "nobody", "junk"]


def check(operation: Operation, status: int, body: bytes) -> None:
    if status >= 500 and str(status) in operation.answers:
        return conforms(operation, status, body)
    assert status < 500, body
    if status >= 400:
        error = orjson.loads(body)
        assert isinstance(error["error"], str) and error["error"]
        assert all(isinstance(line, str) for line in error.get("details", []))
        assert error.keys() <= {"error", "details", "missing_mentions", "action", "code", "hint"}
    elif status in (200, 201):
        conforms(operation, status, body)


def conforms(operation: Operation, status: int, body: bytes) -> None:
    """The answer is as `/api/docs` says. CSV is the one answer that is no JSON."""
    if body.startswith(b"timestamp,agentName"):
        return
    schema: Any = operation.answers[str(status)]
    Draft202012Validator(schema).validate(orjson.loads(body))


class BadInputTests(LegacyApiTestCase):
    def setUp(self):
        super().setUp()
        self.agent = make_agent("nova")
        self.task = make_task("Fix login", assigned_to="nova")
        agents_key = issue_key(
            actor=system(1), name="k", role=Role.OPERATOR, workspace=self.home, agent=(self.agent.pk, "nova")
        )[1]
        self.callers = {
            "nobody": "",
            "person": "",
            "junk": "mc_" + "0" * 48,
            "viewer": self.keys[self.vera],
            "operator": self.keys[self.bob],
            "admin": self.keys[self.alice],
            "agent": agents_key,
            "outsider": self.keys[self.charlie],
        }

    def ask(self, question: Question) -> None:
        forget_rates()
        headers = {"HTTP_X_AGENT_NAME": question.agent_name} if question.agent_name else {}
        client = Client()
        if question.caller == "person":
            client.force_login(self.bob)
        answer = client.generic(
            question.operation.method,
            question.path,
            question.body,
            content_type="application/json",
            HTTP_X_API_KEY=self.callers[question.caller],
            **headers,
        )
        check(question.operation, answer.status_code, answer.content)

    @pytest.mark.timeout(600)
    def test_odd_requests_are_answered_as_documented(self):
        keys = [str(self.task.pk), str(self.agent.pk), "nova"]
        for operation in operations():
            with self.subTest(operation=operation), transaction.atomic():

                @odd
                @given(questions(operation, keys=keys, callers=CALLERS))
                def ask(question: Question) -> None:
                    self.ask(question)

                ask()
                transaction.set_rollback(True)

    @pytest.mark.timeout(600)
    def test_five_megabytes_are_taken_or_refused(self):
        text = b"x" * HUGE
        bodies = [
            b"[" * HUGE,
            b"[" + b"1," * (HUGE // 2) + b"1]",
            text,
            *(b'{"%s": "%s"}' % (name, text) for name in (b"title", b"content", b"name", b"model", b"username")),
        ]
        # Two a route, in turn: all of them for all routes would take minutes.
        for n, operation in enumerate(found for found in operations() if found.body is not None):
            for body in (bodies[n % len(bodies)], bodies[(n + 3) % len(bodies)]):
                with self.subTest(operation=operation, body=body[:20]):
                    path = operation.path.replace("{key}", str(self.task.pk))
                    self.ask(Question(operation, path, body, "admin", ""))

    def test_content_types_are_not_looked_at(self):
        body = orjson.dumps({"title": "x"})
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "a/b; charset=no", ""):
            with self.subTest(kind=kind):
                answer = self.client.generic(
                    "POST", "/api/tasks", body, content_type=kind, HTTP_X_API_KEY=self.callers["operator"]
                )
                assert answer.status_code == 201


@pytest.mark.parametrize("path", ["/api/agents/{key}/heartbeat", "/api/tokens", "/api/tasks", "/api/connect"])
def test_a_real_server_answers_odd_requests_as_documented(server: Server, path: str) -> None:
    callers = {"operator": "operator:operator-key", "admin": server.key, "viewer": "viewer-key", "nobody": ""}
    server.ask("POST", "/api/agents", {"name": "nova", "role": "coder"})
    operation = next(found for found in operations() if (found.method, found.path) == ("POST", path))

    @settings(odd, max_examples=60)
    @given(questions(operation, keys=["1", "nova"], callers=list(callers)))
    def ask(question: Question) -> None:
        status, _, body = server.ask_raw("POST", question.path, question.body, key=callers[question.caller])
        check(operation, status, body)

    ask()


def test_a_real_server_takes_a_body_over_the_limit_for_no_json(server: Server) -> None:
    huge = b'{"title": "' + b"x" * 10_500_000 + b'"}'
    for method, path in (("POST", "/api/tasks"), ("POST", "/api/tokens"), ("PUT", "/api/agents")):
        status, body = server.ask(method, path, huge)
        assert status == 400, body
        assert body["error"] in ("Invalid request body", "Invalid token usage record")


def test_a_real_server_reads_odd_paths_and_heads(server: Server) -> None:
    for path in (
        "/api/tasks/%ED%A0%80",
        "/api/agents/%FF%FE",
        "/api/agents/%00",
        "/api/tasks?status=%FF",
        "/api/%2e%2e",
    ):
        status, body = server.ask("GET", path)
        assert status in (200, 400, 404), (path, body)
    for headers in (
        {"x-agent-name": "caf\xe9"},
        {"cookie": "mc-session=\xff"},
        {"authorization": "Bearer " + "x" * 5000},
    ):
        status, _ = server.ask("GET", "/api/tasks", key=None, headers=headers)
        assert status == 401
