"""An agent that has nothing but curl, and the requests as the contract shows them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from .hands import SESSION, Action, Badge, Body, Refused, Work
from .process import run

DONE = ("\n200", "\n201")


class ByCurl:
    way = "curl"

    def __init__(self, badge: Badge) -> None:
        self.badge = badge

    async def curl(self, method: str, path: str, body: Body | None = None, *, twice: bool = False) -> Any:
        """`twice`: as if the first answer had been lost. Under one key it happens once, and is answered alike."""
        words = ["curl", "--silent", "--show-error", "-X", method, f"{self.badge.url}/api/v1{path}"]
        words += ["-H", f"Authorization: Bearer {self.badge.token}", "-H", f"X-Agent-Id: {self.badge.id}"]
        if body is not None:
            words += ["-H", "Content-Type: application/json", "-d", json.dumps(body)]
            words += ["-H", f"X-Idempotency-Key: {uuid.uuid4()}"]
        words += ["--write-out", "\n%{http_code}"]
        ended = await run(*words)
        if twice and ended.out.endswith(DONE) and (again := await run(*words)).out != ended.out:
            raise Refused(self.badge.id, f"{method} {path}", "NOT_ALIKE", f"first {ended.out}, then {again.out}")
        text, _, status = ended.out.rpartition("\n")
        if ended.code or not status.startswith("2"):
            error = json.loads(text)["error"] if text else {"code": f"EXIT_{ended.code}", "message": ended.err.strip()}
            raise Refused(self.badge.id, f"{method} {path}", error["code"], error["message"])
        return json.loads(text)

    async def beat(self, task: str | None = None) -> Body:
        told = {"sessionKey": SESSION, "status": "BUSY" if task else "IDLE", "currentTaskId": task}
        return dict(await self.curl("POST", f"/agents/{self.badge.id}/heartbeat", told))

    async def open_tasks(self, type: str) -> list[Body]:
        return list((await self.curl("GET", f"/tasks?status=INBOX&type={type}&limit=10"))["tasks"])

    async def create(self, **fields: Any) -> Body:
        """A task for whoever takes it."""
        return dict((await self.curl("POST", "/tasks", fields))["task"])

    async def task(self, id: str) -> Body:
        return dict(await self.curl("GET", f"/tasks/{id}"))

    async def claim(self, id: str) -> bool:
        try:
            await self.curl("PATCH", f"/tasks/{id}", {"assigneeIds": [self.badge.id]})
        except Refused as refusal:
            if refusal.code != "ALREADY_CLAIMED":
                raise
            return False
        return True

    async def start(self, id: str, bullets: Sequence[str], estimate: float) -> Body:
        plan = {"bullets": list(bullets), "estimatedCost": estimate}
        moved = {"toStatus": "IN_PROGRESS", "workPlan": plan, "sessionKey": SESSION}
        return dict(await self.curl("POST", f"/tasks/{id}/transition", moved))

    async def say(self, id: str, words: str, mentions: Sequence[str] = ()) -> Body:
        said = {"type": "PROGRESS", "content": words, "mentions": list(mentions)}
        return dict(await self.curl("POST", f"/tasks/{id}/messages", said))

    async def judge(self, action: Action, task: str) -> Body:
        asked = {"agentId": self.badge.id, "action": action.payload, "context": {"taskId": task}}
        return dict(await self.curl("POST", "/policy/evaluate", asked))

    async def ask(self, action: Action, task: str) -> Body:
        asked = {
            "taskId": task, "actionType": "TOOL_EXEC", "actionSummary": action.summary, "riskLevel": "RED",
            "justification": action.why, "actionPayload": action.payload, "expiresIn": "24h",
        }  # fmt: skip
        return dict((await self.curl("POST", "/approvals", asked))["approval"])

    async def approval(self, id: str) -> Body:
        return dict(await self.curl("GET", f"/approvals/{id}"))

    async def begin_run(self, task: str, model: str) -> str:
        told = {
            "agentId": self.badge.id, "sessionKey": SESSION, "taskId": task, "model": model, "startedAt": _now(),
            "status": "RUNNING",
        }  # fmt: skip
        return str((await self.curl("POST", "/events/run", told, twice=True))["run"]["id"])

    async def end_run(self, id: str, cost: float, read: int, written: int) -> Body:
        told = {"endedAt": _now(), "inputTokens": read, "outputTokens": written, "costUsd": cost, "status": "COMPLETED"}
        return dict(await self.curl("PATCH", f"/events/run/{id}", told, twice=True))

    async def begin_call(self, run: str, task: str, action: Action, verdict: Body) -> str:
        told = {
            "runId": run, "agentId": self.badge.id, "taskId": task, "toolName": "exec", "startedAt": _now(),
            "riskLevel": verdict["riskLevel"], "status": "RUNNING", "inputPreview": action.command,
            "policyResult": verdict["result"],
        }  # fmt: skip
        return str((await self.curl("POST", "/events/tool-call", told))["toolCall"]["id"])

    async def end_call(self, id: str, output: str) -> Body:
        told = {"endedAt": _now(), "status": "SUCCESS", "outputPreview": output}
        return dict((await self.curl("PATCH", f"/events/tool-call/{id}", told))["toolCall"])

    async def submit(self, id: str, work: Work) -> Body:
        handed = {
            "toStatus": "REVIEW", "deliverable": {"content": work.content, "summary": work.summary},
            "reviewChecklist": work.checklist, "reason": "Ready for review",
        }  # fmt: skip
        return dict((await self.curl("POST", f"/tasks/{id}/transition", handed, twice=True))["task"])


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
