"""A fleet on a real server, as its people and agents see it at `/api/v1`."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from tests.api.v1.documented import check
from tests.server import Server, unique

MC = Path(sys.executable).with_name("mc")
PLAN = {"bullets": ["Read", "Write", "Check", "Send"], "estimatedCost": 0.5}
CHECKLIST = {"type": "CONTENT", "items": [{"label": "Read twice", "checked": True}]}
DELIVERABLE = {"content": "# The post", "summary": "Short"}
JORDAN = {
    "id": "jordan", "name": "Jordan", "role": "SPECIALIST", "workspacePath": "/srv/jordan",
    "allowedTaskTypes": ["CONTENT", "SOCIAL", "DOCS"], "budgetDaily": 5.00, "budgetPerRun": 0.75,
}  # fmt: skip
KEY_OF_ELSEWHERE = """
from accounts.models import Tenant, Workspace
from accounts.services import issue_key
from core.actors import Role, system
away = Workspace.objects.create(slug="away", name="Away", tenant=Tenant.objects.create(slug="a", display_name="A"))
answer = issue_key(actor=system(away.id), name="stranger", role=Role.ADMIN, workspace=away)[1]
"""
LATE = """
from datetime import timedelta
from django.utils import timezone
from governance.models import Approval
Approval.objects.filter(pk={id}).update(expires_at=timezone.now() - timedelta(minutes=1))
"""
Body = dict[str, Any]


def until(happened: Callable[[], Any], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.05)


def digest(secret: str, message: bytes) -> str:
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def canonical(body: Body) -> bytes:
    """What the signature in a delivery's body is made of."""
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return orjson.loads(self.raw)


@dataclass
class Fleet:
    """`ask` speaks as an agent by its slug, and as a person (an administrator) without one."""

    server: Server
    person: str = ""
    tokens: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        by_key = Answer(*self._send("POST", "/auth/token", {"userId": "user_1"}, token=self.server.key))
        assert by_key.status == 201, by_key.raw
        self.person = by_key.body["token"]

    def _send(self, method: str, path: str, body: Any, *, token: str, **headers: str) -> Any:
        sent = {"Content-Type": "application/json", **{name.replace("_", "-"): text for name, text in headers.items()}}
        if token:
            sent["Authorization"] = f"Bearer {token}"
        return self.server.ask_raw(method, f"/api/v1{path}", body, key=None, headers=sent)

    def ask(
        self, method: str, path: str, body: Any = None, *, as_: str = "", token: str | None = None, key: str = ""
    ) -> Answer:
        if token is None:
            token = self.tokens[as_] if as_ else self.person
        headers = {"X_Idempotency_Key": key} if key else {}
        status, names, raw = self._send(method, path, body, token=token, **headers)
        check(method, f"/api/v1{path}", status, raw)
        return Answer(status, {name.lower(): value for name, value in names.items()}, raw)

    def done(self, method: str, path: str, body: Any = None, *, status: int = 200, **rest: Any) -> Any:
        answer = self.ask(method, path, body, **rest)
        assert answer.status == status, (method, path, answer.status, answer.raw[:500])
        return answer.body

    def refused(self, answer: Answer, status: int, code: str) -> Body:
        """The whole body of what must be this refusal, in the one envelope."""
        body: Body = answer.body
        assert (answer.status, body["error"]["code"]) == (status, code), answer.raw[:500]
        assert body["error"]["message"] and body["error"]["requestId"]
        return body

    def agent(self, slug: str = "", **fields: Any) -> str:
        """Register an agent and give it a token; returns its slug."""
        slug = slug or unique("agent")
        body = {"id": slug, "name": slug.title(), "role": "SPECIALIST", "workspacePath": f"/srv/{slug}", **fields}
        self.done("POST", "/agents", body, status=201)
        self.tokens[slug] = self.done("POST", "/auth/token", {"agentId": slug}, status=201)["token"]
        return slug

    def task(self, **fields: Any) -> str:
        body = {"title": "Write the post", "type": "CONTENT", **fields}
        id: str = self.done("POST", "/tasks", body, status=201)["task"]["id"]
        return id

    def move(self, task: str, to: str, *, as_: str = "", key: str = "", **fields: Any) -> Answer:
        return self.ask("POST", f"/tasks/{task}/transition", {"toStatus": to, **fields}, as_=as_, key=key)

    def moved(self, task: str, to: str, **rest: Any) -> Any:
        answer = self.move(task, to, **rest)
        assert answer.status == 200 and answer.body["success"] is True, answer.raw[:500]
        return answer.body

    def begun(self, agent: str, **fields: Any) -> str:
        """A task that the agent works on."""
        task = self.task(assigneeIds=[agent], **fields)
        self.moved(task, "IN_PROGRESS", as_=agent, workPlan=PLAN)
        return task

    def handed_in(self, agent: str) -> str:
        task = self.begun(agent)
        self.hand_in(task, agent)
        return task

    def hand_in(self, task: str, agent: str) -> Any:
        return self.moved(task, "REVIEW", as_=agent, deliverable=DELIVERABLE, reviewChecklist=CHECKLIST)

    def request(self, agent: str, task: str, **fields: Any) -> Answer:
        """An agent asks for an approval."""
        body = {
            "taskId": task, "actionType": "TOOL_EXEC", "actionSummary": "Post it", "riskLevel": "YELLOW",
            "justification": "It is ready", **fields,
        }  # fmt: skip
        return self.ask("POST", "/approvals", body, as_=agent)

    def status(self, task: str) -> Any:
        return self.done("GET", f"/tasks/{task}")["task"]["status"]

    def moves(self, task: str) -> list[tuple[str, str]]:
        """From where to where, since it was created."""
        rows = self.done("GET", f"/tasks/{task}/transitions")["transitions"]
        return [(row["fromStatus"], row["toStatus"]) for row in rows if row["fromStatus"]]

    def shown(self, agent: str) -> Any:
        return self.done("GET", f"/agents/{agent}")["agent"]

    def alerts(self, agent: str) -> list[str]:
        return [alert["type"] for alert in self.done("GET", f"/alerts?agentId={agent}")["alerts"]]

    def beat(self, agent: str) -> Any:
        return self.done("POST", f"/agents/{agent}/heartbeat", {"sessionKey": "s", "status": "HEALTHY"}, as_=agent)

    def judged(self, agent: str, command: str = "", tool: str = "exec") -> Any:
        action = {"type": "TOOL_CALL", "tool": tool} | ({"command": command} if command else {})
        return self.done("POST", "/policy/evaluate", {"agentId": agent, "action": action}, as_=agent)

    def run(self, agent: str, **fields: Any) -> Any:
        body = {
            "agentId": agent, "sessionKey": "s", "model": "claude-sonnet-4", "startedAt": "2026-01-01T10:00:00Z",
            "status": "RUNNING", **fields,
        }  # fmt: skip
        return self.done("POST", "/events/run", body, status=201, as_=agent)

    def await_worker(self) -> None:
        """Until it reads what happens: webhooks are told of nothing that was before."""
        until(lambda: self.server.query("SELECT 1 FROM activity_reader WHERE name LIKE '%telling.feed_webhooks'"))

    def let_expire(self, approval: str) -> None:
        """As if nobody had decided it in time."""
        self.server.django(LATE.format(id=approval.removeprefix("approval_")))

    def stranger(self) -> str:
        """The key of an administrator of another workspace."""
        key: str = self.server.django(KEY_OF_ELSEWHERE)
        return key

    def mc(self, agent: str, *words: str) -> subprocess.CompletedProcess[str]:
        """The command of an agent's machine, with nothing but its address, its id and its token."""
        environment = {
            "PATH": os.environ["PATH"], "HOME": str(self.server.folder), "MC_API_URL": self.server.url,
            "MC_AGENT_ID": agent, "MC_AGENT_TOKEN": self.tokens[agent],
        }  # fmt: skip
        return subprocess.run([MC, *words], env=environment, capture_output=True, text=True, check=False)
