"""The examples of the document went over the wire: a day of one agent, played again and compared.

`MC_WRITE_EXAMPLES=1 python -m pytest -n 0 tests/api/v1/test_examples.py` writes them anew.
"""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import orjson

from agents.models import Agent
from api.v1.docs.examples import FILE
from api.v1.docs.operations import operations
from governance.models import Alert
from tests.api.v1.base import V1ApiTestCase
from tests.api.v1.documented import check, operation_at
from webhooks.posting import Outcome

MORNING = datetime(2026, 2, 2, 9, 0, tzinfo=UTC)
PLAN = {
    "bullets": ["Read the release notes", "Draft the guide", "Check every command", "Ask for a review"],
    "estimatedCost": 0.5,
    "estimatedDuration": "2 h",
}
DRAFT = {"name": "guide.md", "type": "DELIVERABLE", "content": "# Upgrading\n\nStop the server first."}
DELIVERABLE = {"content": "# Upgrading\n\nStop the server first.", "artifacts": [DRAFT], "summary": "Ready to publish"}
CHECKLIST = {
    "type": "DOCS",
    "items": [
        {"label": "Every command was run", "checked": True},
        {"label": "Screenshots are new", "checked": False, "note": "There are none"},
    ],
}
REQUEST = {
    "actionType": "TOOL_EXEC",
    "actionSummary": "Publish the guide",
    "riskLevel": "RED",
    "justification": "The release is out at noon",
    "actionPayload": {"type": "TOOL_CALL", "tool": "publish"},
    "rollbackPlan": "Take the page down",
    "expiresIn": "4h",
}
HELPER = {"name": "Robin", "role": "tester", "task": "Try every command of the guide"}
COMMAND = {"type": "TOOL_CALL", "tool": "exec", "command": "rm -rf /tmp/test"}


class ExampleTests(V1ApiTestCase):
    """The first call of each operation is its example."""

    def setUp(self) -> None:
        super().setUp()
        self.clock = MORNING
        at = patch("django.utils.timezone.now", side_effect=lambda: self.clock)
        names = patch("webhooks.addresses.socket.getaddrinfo", return_value=[(2, 1, 6, "", ("93.184.216.34", 0))])
        for each in (at, names):
            each.start()
            self.addCleanup(each.stop)
        self.played: dict[str, Any] = {}

    def play(self, method: str, path: str, body: Any = None, *, as_: Any = None) -> Any:
        self.clock += timedelta(minutes=1)
        answer = self.ask(method, path, body, as_=as_)
        assert answer.status < 300, answer.raw
        shown = answer.body if answer.raw else None
        operation = operation_at(method, f"/api/v1{path}")
        assert operation is not None
        one = {"path": f"/api/v1{path}", "request": body, "status": answer.status, "answer": shown}
        self.played.setdefault(operation.name, one)
        return shown

    def play_the_day(self) -> None:
        jordan = self.registration()
        task = self.work(jordan)
        self.rules(jordan, task)
        self.at_work(jordan, task)
        self.watching(jordan, task)

    def registration(self) -> Agent:
        body = {
            "id": "jordan",
            "name": "Jordan",
            "role": "SPECIALIST",
            "workspacePath": "/srv/agents/jordan",
            "emoji": "🛰",
            "allowedTaskTypes": ["CONTENT", "DOCS"],
            "budgetDaily": 5.0,
            "budgetPerRun": 0.75,
        }
        self.play("GET", "/health", as_="")
        self.play("POST", "/agents", body, as_=self.alice)
        self.play("POST", "/auth/token", {"agentId": "jordan", "expiresIn": "24h"}, as_=self.alice)
        self.play("PATCH", "/agents/jordan", {"budgetDaily": 6.0, "metadata": {"team": "docs"}}, as_=self.alice)
        return Agent.objects.get(slug="jordan")

    def work(self, jordan: Agent) -> str:
        body = {"title": "Write the upgrade guide", "type": "DOCS", "priority": 2, "labels": ["release"]}
        task: str = self.play("POST", "/tasks", {**body, "dueAt": "2026-02-03T12:00:00Z"})["task"]["id"]
        self.play("PATCH", f"/tasks/{task}", {"assigneeIds": ["jordan"]}, as_=jordan)
        begin = {"toStatus": "IN_PROGRESS", "workPlan": PLAN, "reason": "All that is needed is there"}
        self.play("POST", f"/tasks/{task}/transition", begin, as_=jordan)
        run = {"agentId": "jordan", "sessionKey": "session_abc123", "model": "claude-sonnet-4", "taskId": task}
        started = {"startedAt": "2026-02-02T09:08:00Z", "status": "RUNNING"}
        run = self.play("POST", "/events/run", {**run, **started}, as_=jordan)["run"]["id"]
        call = {"runId": run, "agentId": "jordan", "toolName": "read", "riskLevel": "GREEN", **started, "taskId": task}
        call = self.play("POST", "/events/tool-call", {**call, "inputPreview": "README.md"}, as_=jordan)
        ended = {"endedAt": "2026-02-02T09:09:30Z", "status": "SUCCESS", "outputPreview": "# Mission Control"}
        self.play("PATCH", f"/events/tool-call/{call['toolCall']['id']}", ended, as_=jordan)
        ended = {"status": "COMPLETED", "inputTokens": 12_000, "outputTokens": 900, "costUsd": 0.45}
        self.play("PATCH", f"/events/run/{run}", ended, as_=jordan)
        said = {"type": "PROGRESS", "content": "The draft stands, @operator", "artifacts": [DRAFT]}
        kept = self.play("POST", f"/tasks/{task}/messages", said, as_=jordan)["message"]["artifacts"][0]
        self.play("GET", f"/documents/{kept['documentId']}")
        return task

    def rules(self, jordan: Agent, task: str) -> None:
        asked = {"agentId": "jordan", "action": COMMAND, "context": {"taskId": task}}
        self.play("POST", "/policy/evaluate", asked, as_=jordan)
        self.play("GET", "/policy/active")
        held = self.play("POST", "/approvals", {**REQUEST, "taskId": task}, as_=jordan)["approval"]["id"]
        self.play("GET", "/approvals/pending")
        self.play("GET", f"/approvals/{held}")
        self.play("POST", f"/approvals/{held}/decide", {"decision": "APPROVED", "reason": "After the release"})
        other = {**REQUEST, "actionSummary": "Send the newsletter", "riskLevel": "YELLOW"}
        other = self.play("POST", "/approvals", other, as_=jordan)["approval"]["id"]
        self.play("POST", f"/approvals/{other}/cancel", as_=jordan)
        self.play("GET", "/approvals?status=APPROVED&limit=1")
        self.permissions(jordan, task)

    def permissions(self, jordan: Agent, task: str) -> None:
        wanted = {"agentId": "jordan", "tool": "Bash", "input": {"command": "git push"}, "taskId": task}
        asked = self.play("POST", "/permissions", {**wanted, "toolUseId": "toolu_01"}, as_=jordan)["requestId"]
        self.play("GET", f"/permissions/{asked}?wait=30", as_=jordan)
        instead = {"command": "git push --dry-run"}
        self.play("POST", f"/permissions/{asked}/respond", {"approved": True, "updatedInput": instead})
        other = self.play("POST", "/permissions", wanted, as_=jordan)["requestId"]
        self.play("DELETE", f"/permissions/{other}", as_=jordan)
        self.play("GET", "/permissions?status=APPROVED&limit=1")

    def at_work(self, jordan: Agent, task: str) -> None:
        told = [
            {"type": "agent_session", "sessionId": "7c9e6679"},
            {"type": "agent_working", "taskId": task},
            {"type": "agent_todos", "todos": [{"content": "Read the notes", "status": "in_progress"}]},
            {"type": "agent_text", "text": "First the release notes."},
            {"type": "agent_tool", "tool": "read", "input": {"path": "NOTES.md"}, "toolUseId": "toolu_02"},
            {"type": "agent_tool_result", "tool": "read", "result": "# Notes", "toolUseId": "toolu_02"},
            {"type": "delegation_update", "delegationId": "dlg_1", "status": "running", "toRole": "tester"},
            {"type": "agent_spawn_request", "request": {"agents": [HELPER], "reason": "There is much to test"}},
        ]
        events = [{**one, "seq": seq} for seq, one in enumerate(told, start=1)]
        body = {"sessionKey": "session_abc123", "events": events}
        place = self.play("POST", "/agents/jordan/stream", body, as_=jordan)["lastEventId"]
        for path in ("sessions", "todos", "delegations"):
            self.play("GET", f"/agents/jordan/{path}")
        entry = self.play("GET", "/agents/jordan/log?limit=2")["entries"][0]["id"]
        self.play("PATCH", f"/agents/jordan/log/{entry}", {"hidden": True})
        wish = self.play("GET", "/spawn-requests?status=pending")["requests"][0]["id"]
        self.play("POST", f"/spawn-requests/{wish}/respond", {"approved": True, "reason": "One is enough"})
        self.play("POST", "/agents/jordan/messages", {"text": "Leave the changelog to me."})
        self.play("GET", f"/agents/jordan/inbox?after={place}&wait=30", as_=jordan)

    def watching(self, jordan: Agent, task: str) -> None:
        hand_in = {"toStatus": "REVIEW", "deliverable": DELIVERABLE, "reviewChecklist": CHECKLIST}
        self.play("POST", f"/tasks/{task}/transition", hand_in, as_=jordan)
        self.play("POST", f"/tasks/{task}/messages", {"type": "COMMENT", "content": "Thank you, @jordan"})
        beat = {"sessionKey": "session_abc123", "status": "BUSY", "currentTaskId": task}
        notes = self.play("POST", "/agents/jordan/heartbeat", beat, as_=jordan)["pendingNotifications"]
        self.play("GET", "/notifications?status=SENT&limit=1", as_=jordan)
        self.play("POST", f"/notifications/{notes[0]['id']}/ack", {"externalId": "m-17"}, as_=jordan)
        for path in ("", "/transitions", "/messages?limit=2"):
            self.play("GET", f"/tasks/{task}{path}")
        self.play("GET", "/tasks?status=REVIEW,BLOCKED&type=DOCS&orderBy=priority&orderDir=asc&limit=10")
        paths = ("/agents", "/agents/jordan", "/stats/overview", "/stats/agents/jordan/costs?period=day")
        for path in (*paths, "/events/timeline?action=TASK_TRANSITION,RUN_COMPLETED&limit=3"):
            self.play("GET", path)
        self.play("POST", "/agents/jordan/control", {"action": "QUARANTINE", "reason": "Looks lost", "duration": "1h"})
        self.play("GET", "/alerts?status=OPEN")
        alert = f"/alerts/alert_{Alert.objects.earliest('id').pk}"
        self.play("POST", f"{alert}/acknowledge", {"note": "Looking into it"})
        self.play("POST", f"{alert}/resolve", {"resolutionNote": "It had an old prompt"})
        hook = {"url": "https://hooks.example.com/mc", "events": ["task.*"], "secret": "correct horse battery staple"}
        hook = self.play("POST", "/webhooks", hook, as_=self.alice)["webhook"]["id"]
        self.play("GET", "/webhooks", as_=self.alice)
        new = {"secret": "correct horse battery staple 2", "active": True}
        self.play("PATCH", f"/webhooks/{hook}", new, as_=self.alice)
        with patch("webhooks.services.by_hand.post_now", return_value=Outcome(200, "ok", None, 84)):
            attempt = self.play("POST", f"/webhooks/{hook}/test", as_=self.alice)["delivery"]["id"]
            self.play("POST", f"/webhooks/{hook}/deliveries/{attempt}/retry", as_=self.alice)
        self.play("GET", f"/webhooks/{hook}/deliveries?status=DELIVERED", as_=self.alice)
        span = {"since": "2026-02-02T09:00:00Z", "until": "2026-02-02T09:30:00Z"}
        self.play("POST", f"/webhooks/{hook}/replay", span, as_=self.alice)
        self.play("DELETE", f"/webhooks/{hook}", as_=self.alice)
        home = f"ws_{self.home.pk}"
        self.play("POST", f"/workspaces/{home}/reset", {"confirm": home}, as_=self.alice)
        self.play("DELETE", "/auth/token", as_=self.keys[self.vera])

    def test_every_example_is_what_is_answered(self) -> None:
        self.play_the_day()
        played = orjson.loads(SECRET.sub("mc_agt_" + "x" * 43, orjson.dumps(self.played).decode()))
        assert set(played) == {operation.name for operation in operations()} - {"get_openapi"}
        if os.environ.get("MC_WRITE_EXAMPLES"):
            FILE.write_bytes(orjson.dumps(played, option=orjson.OPT_INDENT_2) + b"\n")
        recorded = orjson.loads(FILE.read_bytes())
        assert set(recorded) == set(played), f"Write {FILE.name} anew; see the top of this file"
        for name, one in recorded.items():
            with self.subTest(operation=name):
                method = name.partition("_")[0].upper()
                check(method, one["path"], one["status"], b"" if one["answer"] is None else orjson.dumps(one["answer"]))
                assert form(one) == form(played[name]), f"Write {FILE.name} anew; see the top of this file"


SECRET = re.compile(r"mc_agt_[\w-]{43}")
NUMBER = re.compile(r"_[0-9]+\b")


def form(example: dict[str, Any]) -> dict[str, Any]:
    """What is asked, but for the numbers of rows; of what is answered, which fields there are."""
    asked = NUMBER.sub("_n", orjson.dumps([example["path"], example["request"], example["status"]]).decode())
    return {"asked": orjson.loads(asked), "answered": fields(example["answer"])}


def fields(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: fields(each) for name, each in value.items()}
    return [fields(each) for each in value] if isinstance(value, list) else None
