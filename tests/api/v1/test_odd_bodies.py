"""Whatever is sent about a task, the answer is the contract's: the envelope, and never a failure of ours."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from tests.api.v1.base import V1ApiTestCase

EXAMPLES = 100
ODD: list[Any] = [
    None, True, 0, -1, 7, 1.5, 1e300, 2**53, 2**63, -(2**63), "", " ", "x", "\u0000", "\u0000a", "x" * 600, "🛰" * 300,
    "' OR 1=1 --", "task_1", "task_99999999999999999999", "2026-02-01T10:00:00Z", "9999-12-31T23:59:59-23:59", [],
    [None], [[]], ["jordan", "jordan"], {}, {"": None}, {"a": {"b": [1]}},
]  # fmt: skip
FILE = {"name": "a.md", "type": "REPORT", "content": "text", "mimeType": "text/markdown"}
PLAN = {"bullets": ["a", "b", "c"], "estimatedCost": 1, "estimatedDuration": "1 h", "dependencies": ["task_1"]}
DELIVERABLE = {
    "content": "text",
    "summary": "s",
    "artifacts": [FILE, {"name": "b", "type": "REPORT", "url": "https://a.example/"}],
}
ITEM = {"label": "l", "checked": True, "note": "n", "verifiedBy": "v", "verifiedAt": "2026-02-01T10:00:00Z"}
MOVE = {
    "toStatus": "IN_PROGRESS", "reason": "r", "sessionKey": "s", "assigneeIds": ["jordan"], "workPlan": PLAN,
    "deliverable": DELIVERABLE, "reviewChecklist": {"type": "DOCS", "notes": "n", "items": [ITEM]},
}  # fmt: skip
PATCH = {
    "title": "t", "description": "d", "priority": 1, "assigneeIds": ["jordan"], "labels": ["l"],
    "dueAt": "2026-02-01T10:00:00Z", "workPlan": PLAN, "deliverable": DELIVERABLE, "metadata": {"a": 1},
    "reviewerId": "jordan", "estimatedCost": 1,
}  # fmt: skip
MESSAGE = {
    "type": "ARTIFACT", "content": "@jordan look", "artifacts": [FILE], "mentions": ["jordan"], "replyToId": "msg_1",
}  # fmt: skip


def changed(body: Any) -> Iterator[Any]:
    """The body with one part of it replaced by something odd, for every part."""
    yield from ODD
    if isinstance(body, dict):
        for key, value in body.items():
            yield from ({**body, key: odd} for odd in changed(value))
    elif isinstance(body, list):
        for n, value in enumerate(body):
            yield from ([*body[:n], odd, *body[n + 1 :]] for odd in changed(value))


class OddBodyTests(V1ApiTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.jordan = self.agent("jordan")
        self.task = self.new_task(assigneeIds=["jordan"])

    def send(self, method: str, path: str, bodies: Iterator[Any]) -> None:
        token = self.token(self.jordan)
        for n, body in enumerate(random.Random(7).sample(list(bodies), EXAMPLES)):
            answer = self.ask(method, path, body, as_=token if n % 2 else self.bob)
            assert answer.status < 500, (body, answer.raw)
            if answer.status >= 400:
                error = answer.body["error"]
                assert error["code"] and error["message"] and error["requestId"], body

    def test_changes(self) -> None:
        self.send("PATCH", f"/tasks/{self.task['id']}", changed(PATCH))

    def test_moves(self) -> None:
        for to in ("IN_PROGRESS", "REVIEW"):
            self.send("POST", f"/tasks/{self.task['id']}/transition", changed({**MOVE, "toStatus": to}))

    def test_messages(self) -> None:
        self.send("POST", f"/tasks/{self.task['id']}/messages", changed(MESSAGE))

    def test_queries(self) -> None:
        for name in ("type", "limit", "before", "offset"):
            for odd in (
                "",
                "x",
                "-1",
                "0",
                "9" * 40,
                "msg_1",
                "msg_0",
                "2026-02-01T10:00:00",
                "2026-02-01T10:00:00Z",
                "\u0000",
                "%ff",
            ):
                answer = self.ask("GET", f"/tasks/{self.task['id']}/messages?{name}={odd}")
                assert answer.status in (200, 400), (name, odd, answer.raw)
