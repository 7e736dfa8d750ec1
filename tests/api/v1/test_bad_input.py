"""Whatever is sent to the v1 dialect, the answer is one that its document has: never a failure of ours."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings

from agents.models import Mandate
from tests.api.v1.documented import check
from tests.api.v1.moving import MovingTestCase
from tests.api.v1.odd import Question, documented, questions
from tests.base import forget_rates
from tests.server import Server, unique

EXAMPLES = 20
odd = settings(
    derandomize=True, database=None, deadline=None, max_examples=EXAMPLES, suppress_health_check=list(HealthCheck)
)
JSON = {"content-type": "application/json"}
# Roles are tested elsewhere: most of these get as far as the body.
CALLERS = ["admin", "admin", "operator", "jordan", "jordan", "lead", "intern", "outsider", "viewer", "nobody", "junk"]


class BadInputTests(MovingTestCase):
    def setUp(self) -> None:
        super().setUp()
        lead = self.agent("lead", autonomy=Mandate.Autonomy.LEAD)
        intern = self.agent("intern", autonomy=Mandate.Autonomy.INTERN)
        self.callers = {
            "nobody": "",
            "junk": "mc_agt_" + "0" * 43,
            "viewer": self.keys[self.vera],
            "operator": self.keys[self.bob],
            "admin": self.keys[self.alice],
            "outsider": self.keys[self.charlie],
            "jordan": self.token(self.jordan),
            "lead": self.token(lead),
            "intern": self.token(intern),
        }

    def objects(self) -> list[str]:
        """The ids of one object of each kind, as a task brings them along."""
        task = self.begun()["id"]
        handed_in = self.handed_in()["id"]
        run = {"agentId": "jordan", "sessionKey": "s", "model": "m", "startedAt": "2026-02-01T10:00:00Z"}
        run = self.made("/events/run", {**run, "status": "RUNNING", "taskId": task})["run"]["id"]
        call = {"runId": run, "agentId": "jordan", "toolName": "read", "riskLevel": "GREEN", "status": "RUNNING"}
        call = self.made("/events/tool-call", {**call, "startedAt": "2026-02-01T10:00:00Z"})["toolCall"]["id"]
        file = {"name": "a.md", "type": "REPORT", "content": "text"}
        said = {"type": "ARTIFACT", "content": "@lead look", "artifacts": [file]}
        said = self.made(f"/tasks/{task}/messages", said)
        asked = {"actionType": "TOOL_EXEC", "actionSummary": "Send", "riskLevel": "YELLOW", "justification": "Due"}
        asked = self.made("/approvals", asked)["approval"]["id"]
        notes = self.ask("GET", "/notifications?targetAgentId=lead").body["notifications"]
        message = said["message"]
        known = [task, handed_in, run, call, message["id"], message["artifacts"][0]["documentId"], asked]
        return [*known, notes[0]["id"], "jordan", "lead", f"user_{self.bob.pk}"]

    def made(self, path: str, body: dict[str, Any]) -> Any:
        answer = self.ask("POST", path, body, as_=self.callers["jordan"])
        assert answer.status == 201, answer.raw
        return answer.body

    def put(self, question: Question) -> None:
        forget_rates()
        key = self.callers[question.caller]
        headers = {f"HTTP_{name.upper()}": value for name, value in question.headers.items()}
        if key:
            headers["HTTP_AUTHORIZATION"] = f"Bearer {key}"
        answer = self.client.generic(
            question.method, question.path, question.body, content_type="application/json", **headers
        )
        assert answer.status_code < 500, answer.content
        check(question.method, question.path, answer.status_code, answer.content)

    @pytest.mark.timeout(900)
    def test_odd_requests_are_answered_as_documented(self) -> None:
        ids = self.objects()
        for operation in documented():
            with self.subTest(operation=operation), transaction.atomic():

                @odd
                @given(questions(operation, ids=ids, callers=CALLERS))
                def ask(question: Question) -> None:
                    self.put(question)

                ask()
                transaction.set_rollback(True)

    @pytest.mark.timeout(300)
    def test_three_megabytes_are_refused(self) -> None:
        text = b'{"title": "' + b"x" * 3 * 1024 * 1024 + b'"}'
        task = self.new_task()["id"]
        for operation in documented():
            if operation.method in ("POST", "PATCH"):
                with self.subTest(operation=operation):
                    path = operation.path.replace("{id}", "jordan" if "/agents/" in operation.path else task)
                    headers = {"x_idempotency_key": "large"}
                    self.put(Question(operation.method, path, text, "admin", headers))


@pytest.mark.parametrize("path", ["/api/v1/events/run", "/api/v1/tasks", "/api/v1/agents/{id}/heartbeat"])
def test_a_real_server_answers_odd_requests_as_documented(server: Server, path: str) -> None:
    slug = unique("jordan")
    body = {"id": slug, "name": slug, "role": "LEAD", "workspacePath": "/srv/jordan"}
    assert server.ask("POST", "/api/v1/agents", body, headers=JSON)[0] == 201
    token = server.ask("POST", "/api/v1/auth/token", {"agentId": slug}, headers=JSON)[1]["token"]
    callers = {"admin": server.key, "agent": token, "nobody": ""}
    operation = next(found for found in documented() if (found.method, found.path) == ("POST", path))

    @settings(odd, max_examples=60)
    @given(questions(operation, ids=[slug, "task_1", "run_1"], callers=list(callers)))
    def ask(question: Question) -> None:
        headers = {name.replace("_", "-"): value for name, value in question.headers.items() if value.isprintable()}
        key = callers[question.caller]
        status, _, raw = server.ask_raw("POST", question.path, question.body, key=key, headers={**JSON, **headers})
        assert status < 500, raw
        check("POST", question.path, status, raw)

    ask()
