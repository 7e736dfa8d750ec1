"""Talks to `/api/v1/*` as the cast, and as agents with tokens of their own."""

from __future__ import annotations

from typing import Any

import orjson
from django.utils import timezone

from accounts.models import User, Workspace
from accounts.services import issue_token
from agents.models import Agent, Mandate
from core.actors import Role, system
from tests.api.v1.documented import check
from tests.base import Answer, LegacyApiTestCase
from tests.factories import make_agent


class V1ApiTestCase(LegacyApiTestCase):
    def agent(self, slug: str = "jordan", **mandate: Any) -> Agent:
        """An agent that may work; `mandate` are columns of its mandate."""
        agent = make_agent(slug, actor=system(self.home.pk))
        Mandate.objects.create(agent=agent, **mandate)
        return agent

    def token(self, agent: Agent) -> str:
        until = timezone.now() + timezone.timedelta(days=1)
        workspace = Workspace.objects.get(pk=agent.workspace_id)
        return issue_token(
            actor=system(agent.workspace_id), role=Role.OPERATOR, workspace=workspace, expires_at=until,
            agent=(agent.pk, agent.name),
        )  # fmt: skip

    def ask(
        self, method: str, path: str, body: Any = None, *, as_: User | Agent | str | None = None, **headers: str
    ) -> Answer:
        """`as_` is one of the cast (default: bob, an operator), an agent, or a token. Headers: `x_idempotency_key`.
        Whatever is answered must be as the OpenAPI document says."""
        who = self.bob if as_ is None else as_
        key = self.token(who) if isinstance(who, Agent) else self.keys[who] if isinstance(who, User) else who
        meta = {f"HTTP_{name.upper()}": value for name, value in headers.items()}
        if key:
            meta["HTTP_AUTHORIZATION"] = f"Bearer {key}"
        sent = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
        with self.captureOnCommitCallbacks(execute=True):
            response = self.client.generic(method, f"/api/v1{path}", sent, content_type="application/json", **meta)
        answer = Answer(response)
        check(method, f"/api/v1{path}", answer.status, answer.raw)
        return answer

    def refused(self, answer: Answer, status: int, code: str) -> dict[str, Any]:
        """The envelope of an answer that must be this refusal."""
        assert answer.status == status, answer.raw
        error = answer.body["error"]
        assert error["code"] == code
        assert error["message"] and error["requestId"]
        return error

    def new_task(
        self, title: str = "Write the guide", *, as_: User | Agent | None = None, **fields: Any
    ) -> dict[str, Any]:
        answer = self.ask("POST", "/tasks", {"title": title, "type": "DOCS", **fields}, as_=as_)
        assert answer.status == 201, answer.raw
        return answer.body["task"]
