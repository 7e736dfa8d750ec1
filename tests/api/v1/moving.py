"""Moves tasks, as the tests of moves do."""

from __future__ import annotations

from typing import Any

from agents.models import Agent
from tests.api.v1.base import V1ApiTestCase

PLAN = {"bullets": ["Read", "Write", "Check", "Send"], "estimatedCost": 0.5}
CHECKLIST = {"type": "DOCS", "items": [{"label": "Read twice", "checked": True}]}
DELIVERABLE = {"content": "# The guide", "summary": "Short"}


class MovingTestCase(V1ApiTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.jordan = self.agent("jordan")

    def move(self, task: dict[str, Any], to: str, *, as_: Any = None, key: str = "", **fields: Any) -> Any:
        headers = {"x_idempotency_key": key} if key else {}
        path = f"/tasks/{task['id']}/transition"
        return self.ask("POST", path, {"toStatus": to, **fields}, as_=as_ or self.bob, **headers)

    def moved(self, task: dict[str, Any], to: str, **rest: Any) -> dict[str, Any]:
        answer = self.move(task, to, **rest)
        assert answer.status == 200, answer.raw
        assert answer.body["success"] is True
        return answer.body

    def given(self, agent: Agent | None = None, **fields: Any) -> dict[str, Any]:
        return self.new_task(assigneeIds=[(agent or self.jordan).slug], **fields)

    def begun(self) -> dict[str, Any]:
        return self.moved(self.given(), "IN_PROGRESS", as_=self.jordan, workPlan=PLAN)["task"]

    def handed_in(self) -> dict[str, Any]:
        task = self.begun()
        body = {"deliverable": DELIVERABLE, "reviewChecklist": CHECKLIST}
        return self.moved(task, "REVIEW", as_=self.jordan, **body)["task"]
