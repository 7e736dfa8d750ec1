"""Agents at work on a real server, through the v1 API."""

from __future__ import annotations

from typing import Any

from tests.server import Server, unique

PLAN = {"bullets": ["Look", "Write", "Check"]}
CHECKLIST = {"type": "DOCS", "items": [{"label": "Links work", "checked": True}]}
DELIVERABLE = {
    "content": "# Guide",
    "summary": "All of it",
    "artifacts": [{"name": "guide.md", "type": "DELIVERABLE", "content": "# First edition"}],
}
Body = dict[str, Any]


class Desk:
    """One agent with a task of its own."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.slug = unique("agent")
        self.ask("POST", "/agents", {"id": self.slug, "name": self.slug, "role": "LEAD", "workspacePath": "agents/one"})
        task = self.ask("POST", "/tasks", {"title": unique("task"), "type": "DOCS", "assigneeIds": [self.slug]})["task"]
        self.task, self.title = task["id"], task["title"]
        self.path = f"/tasks/{self.task.removeprefix('task_')}/"

    def ask(self, method: str, path: str, body: Body) -> Body:
        headers = {"Content-Type": "application/json"}
        status, answer = self.server.ask(method, f"/api/v1{path}", body, headers=headers)
        assert status in (200, 201), answer
        return dict(answer)

    def move(self, to: str, **sent: Any) -> Body:
        return self.ask("POST", f"/tasks/{self.task}/transition", {"toStatus": to, **sent})

    def begin(self) -> Desk:
        self.move("IN_PROGRESS", workPlan=PLAN)
        return self

    def hand_in(self) -> Desk:
        self.move("REVIEW", deliverable=DELIVERABLE, reviewChecklist=CHECKLIST)
        return self

    def say(self, content: str, **sent: Any) -> Body:
        return self.ask("POST", f"/tasks/{self.task}/messages", {"type": "COMMENT", "content": content, **sent})

    def run(self, **sent: Any) -> str:
        body = {"agentId": self.slug, "taskId": self.task, "sessionKey": "s", "model": "claude-sonnet-4", **sent}
        body = {"startedAt": "2026-01-01T10:00:00Z", "status": "RUNNING", **body}
        return str(self.ask("POST", "/events/run", body)["run"]["id"])

    def use(self, run: str, tool: str) -> str:
        body = {"runId": run, "agentId": self.slug, "toolName": tool, "riskLevel": "GREEN", "status": "RUNNING",
                "startedAt": "2026-01-01T10:00:00Z", "inputPreview": f"What {tool} is given"}  # fmt: skip
        return str(self.ask("POST", "/events/tool-call", body)["toolCall"]["id"])

    def want(self, summary: str, kind: str = "TOOL_EXEC") -> str:
        body = {"taskId": self.task, "actionType": kind, "actionSummary": summary, "riskLevel": "YELLOW",
                "justification": "It is ready", "requestorAgentId": self.slug}  # fmt: skip
        return str(self.ask("POST", "/approvals", body)["approval"]["id"])
