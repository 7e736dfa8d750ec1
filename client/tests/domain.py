"""The little of the domain that the client's tests need, by the rules of the contract."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from at_work import AtWork

NOW = "2026-02-01T10:00:00Z"
TASK = dict.fromkeys(
    [
        "description",
        "creatorAgentId",
        "creatorUserId",
        "reviewerId",
        "parentTaskId",
        "workPlan",
        "deliverable",
        "reviewChecklist",
        "estimatedCost",
        "costSummary",
        "completion",
        "blockedReason",
        "resumeStatus",
        "dueAt",
        "startedAt",
        "submittedAt",
        "completedAt",
    ]
)
Answer = tuple[int, Any]


def refusal(code: str, message: str, **more: Any) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "requestId": "req-1", **more}}


def not_moved(status: int, code: str, message: str, errors: list[dict[str, str]], allowed: list[str]) -> Answer:
    return status, {"success": False, "errors": errors, "allowedTransitions": allowed, **refusal(code, message)}


class World(AtWork):
    def __init__(self) -> None:
        super().__init__()
        self.tasks: dict[str, dict[str, Any]] = {}
        self.agents = {"jordan": self.agent("jordan", "Jordan"), "casey": self.agent("casey", "Casey")}
        self.approvals: dict[str, dict[str, Any]] = {}
        self.messages: list[dict[str, Any]] = []
        self.notifications: list[dict[str, Any]] = []
        self.runs: dict[str, dict[str, Any]] = {}
        self.calls: dict[str, dict[str, Any]] = {}
        self.control: dict[str, Any] | None = None

    @staticmethod
    def agent(id: str, name: str, **more: Any) -> dict[str, Any]:
        empty = dict.fromkeys(
            ["emoji", "health", "currentTaskId", "lastHeartbeatAt", "lastError", "statusReason", "statusUntil"]
        )
        known = {"id": id, "name": name, "role": "SPECIALIST", "status": "ACTIVE", "workspacePath": "/w"}
        budget = {"budgetDaily": 5.0, "budgetPerRun": 0.75, "spendToday": 1.2, "errorStreak": 0}
        return {**empty, **known, **budget, "createdAt": NOW, **more}

    def add_task(self, title: str, **more: Any) -> dict[str, Any]:
        id = f"task_{len(self.tasks) + 1}"
        known = {"id": id, "title": title, "type": "CONTENT", "status": "INBOX", "priority": 3, "assigneeIds": []}
        rest = {"labels": [], "metadata": {}, "reviewCycles": 0, "actualCost": 0, "redactedFields": []}
        self.tasks[id] = {**TASK, **known, **rest, "createdAt": NOW, "updatedAt": NOW, **more}
        return self.tasks[id]

    def add_approval(self, **more: Any) -> dict[str, Any]:
        id = f"approval_{len(self.approvals) + 456}"
        known = {"id": id, "taskId": None, "actionType": "TOOL_EXEC", "actionSummary": "Deploy", "riskLevel": "RED"}
        rest = {"estimatedCost": None, "status": "PENDING", "expiresAt": "2026-02-02T10:00:00Z", "createdAt": NOW}
        self.approvals[id] = {**known, **rest, **more}
        return self.approvals[id]

    def handle(self, actor: str, asked: Any) -> Answer:
        path = asked.path.removeprefix("/api/v1")
        for method, pattern, handler in ROUTES:
            found = re.fullmatch(pattern, path)
            if found and method == asked.method:
                return handler(self, actor, asked, *found.groups())
        return 404, refusal("NOT_FOUND", "no such route")

    def list_tasks(self, actor: str, asked: Any) -> Answer:
        wanted = {name: values[0].split(",") for name, values in asked.query.items()}
        if bad := [word for word in wanted.get("status", []) if not word.isupper()]:
            return 400, refusal("VALIDATION_ERROR", f"status: {bad[0]} is unknown")
        found = [task for task in self.tasks.values() if task["status"] in wanted.get("status", [task["status"]])]
        if "assigneeId" in wanted:
            found = [task for task in found if wanted["assigneeId"][0] in task["assigneeIds"]]
        limit = int(wanted.get("limit", ["50"])[0])
        return 200, {"tasks": found[:limit], "total": len(found), "hasMore": len(found) > limit}

    def create_task(self, actor: str, asked: Any) -> Answer:
        return 201, {"task": self.add_task(**asked.body), "created": True}

    def get_task(self, actor: str, asked: Any, id: str) -> Answer:
        if id not in self.tasks:
            return 404, refusal("NOT_FOUND", f"there is no {id}")
        messages = [message for message in self.messages if message["taskId"] == id]
        rest = {"transitions": [], "documents": [], "runs": [], "approvals": []}
        return 200, {"task": self.tasks[id], "messages": messages, **rest}

    def patch_task(self, actor: str, asked: Any, id: str) -> Answer:
        task = self.tasks[id]
        wanted = asked.body.get("assigneeIds")
        if wanted and task["assigneeIds"] and task["assigneeIds"] != wanted:
            return 409, refusal("ALREADY_CLAIMED", "somebody has it", details={"assigneeIds": task["assigneeIds"]})
        task.update(asked.body)
        if wanted and task["status"] == "INBOX":
            task["status"] = "ASSIGNED"
        return 200, {"task": task}

    def move(self, actor: str, asked: Any, id: str) -> Answer:
        task, sent = self.tasks[id], asked.body
        to = sent["toStatus"]
        if to == "DONE" and actor != "admin":
            errors = [{"field": "actor", "message": "an agent may not complete"}]
            return not_moved(403, "POLICY_VIOLATION", "completing needs an approval", errors, ["IN_PROGRESS"])
        edges = {"IN_PROGRESS": "ASSIGNED", "REVIEW": "IN_PROGRESS", "DONE": "REVIEW"}
        if edges.get(to) != task["status"]:
            errors = [{"field": "toStatus", "message": f"{task['status']} does not lead to {to}"}]
            return not_moved(400, "INVALID_TRANSITION", "that move is impossible", errors, ["REVIEW", "CANCELED"])
        if to == "REVIEW" and not sent.get("reviewChecklist"):
            errors = [{"field": "reviewChecklist", "message": "is required"}]
            return not_moved(400, "VALIDATION_ERROR", "something is missing", errors, ["REVIEW"])
        step = {
            "id": "trans_1",
            "taskId": id,
            "fromStatus": task["status"],
            "toStatus": to,
            "reason": sent.get("reason"),
        }
        task.update({"status": to, **{k: sent[k] for k in ("workPlan", "deliverable") if k in sent}})
        return 200, {"success": True, "task": dict(task), "transition": step}

    def comment(self, actor: str, asked: Any, id: str) -> Answer:
        rest = {"authorAgentId": actor, "authorUserId": None, "createdAt": NOW, "artifacts": [], "mentions": []}
        message = {"id": f"msg_{len(self.messages) + 1}", "taskId": id, **rest, **asked.body}
        self.messages.append(message)
        told = [{"agentId": name, "queued": name in self.agents} for name in message["mentions"]]
        return 201, {"message": message, "notifications": told}

    def evaluate(self, actor: str, asked: Any) -> Answer:
        command = asked.body["action"].get("command", "")
        if command.startswith("rm -rf"):
            reason = "Command matches blocked pattern: rm -rf"
            found = {"decision": "DENY", "riskLevel": "RED", "reason": reason}
            return 200, {**found, "violations": ["shell_blocklist:rm -rf"]}
        if command.startswith("git push"):
            needed = {"type": "TOOL_EXEC", "suggestedJustification": "Publish the change"}
            found = {"decision": "NEEDS_APPROVAL", "riskLevel": "RED", "reason": "git push needs an approval"}
            return 200, {**found, "approvalRequired": needed}
        return 200, {"decision": "ALLOW", "riskLevel": "GREEN", "reason": "nothing speaks against it"}

    def list_agents(self, actor: str, asked: Any) -> Answer:
        return 200, {"agents": list(self.agents.values())}

    def get_agent(self, actor: str, asked: Any, id: str) -> Answer:
        if id not in self.agents:
            return 404, refusal("NOT_FOUND", f"there is no agent {id}")
        stats = {"tasksCompleted": 4, "tasksInProgress": 1}
        return 200, {"agent": self.agents[id], "stats": stats, "recentRuns": []}

    def register(self, actor: str, asked: Any) -> Answer:
        if actor != "admin":
            return 403, refusal("FORBIDDEN", "administrators register agents")
        if asked.body["id"] in self.agents:
            return 409, refusal("CONFLICT", f"{asked.body['id']} exists")
        self.agents[asked.body["id"]] = self.agent(**asked.body)
        return 201, {"agent": self.agents[asked.body["id"]]}

    def command(self, actor: str, asked: Any, id: str) -> Answer:
        if actor != "admin":
            return 403, refusal("FORBIDDEN", "people control agents")
        self.agents[id]["status"] = {"PAUSE": "PAUSED", "DRAIN": "DRAINED"}.get(asked.body["action"], "ACTIVE")
        tasks = list(self.tasks.values()) if asked.body["action"] == "DRAIN" else []
        return 200, {"agent": self.agents[id], **({"affectedTasks": tasks} if tasks else {})}

    def beat(self, actor: str, asked: Any, id: str) -> Answer:
        own = [task for task in self.tasks.values() if id in task["assigneeIds"]]
        lists = {"pendingNotifications": self.notifications, "pendingApprovals": [], "assignedTasks": own}
        return 200, {"acknowledged": True, **lists, "agentStatus": "ACTIVE", "control": self.control, "warnings": []}

    def issue(self, actor: str, asked: Any) -> Answer:
        return 201, {"token": f"mc_agt_{asked.body['agentId']}_new", "expiresAt": "2026-02-08T10:00:00Z"}

    def ask(self, actor: str, asked: Any) -> Answer:
        for approval in self.approvals.values():
            if approval["taskId"] == asked.body.get("taskId") and approval["actionType"] == asked.body["actionType"]:
                return 200, {"approval": approval, "created": False}
        return 201, {"approval": self.add_approval(**asked.body), "created": True}

    def get_approval(self, actor: str, asked: Any, id: str) -> Answer:
        return 200, self.approvals[id]

    def list_approvals(self, actor: str, asked: Any) -> Answer:
        return 200, {"approvals": list(self.approvals.values()), "total": len(self.approvals)}

    def decide(self, actor: str, asked: Any, id: str) -> Answer:
        if self.approvals[id]["status"] != "PENDING":
            return 409, refusal("ALREADY_DECIDED", "that is decided")
        self.approvals[id].update(status=asked.body["decision"], decisionReason=asked.body.get("reason"))
        return 200, {"approval": self.approvals[id]}

    def start_run(self, actor: str, asked: Any) -> Answer:
        id = f"run_{len(self.runs) + 789}"
        self.runs[id] = {"id": id, "costUsd": 0, **asked.body}
        return 201, {"run": self.runs[id]}

    def end_run(self, actor: str, asked: Any, id: str) -> Answer:
        self.runs[id].update(asked.body)
        warning = {"type": "APPROACHING_LIMIT", "remaining": 0.5, "message": "0.50 USD left today"}
        return 200, {"run": self.runs[id], "budgetWarning": warning}

    def start_call(self, actor: str, asked: Any) -> Answer:
        self.calls["tool_1"] = {"id": "tool_1", **asked.body}
        return 201, {"toolCall": self.calls["tool_1"]}

    def end_call(self, actor: str, asked: Any, id: str) -> Answer:
        self.calls[id].update(asked.body)
        return 200, {"toolCall": self.calls[id]}

    def list_notes(self, actor: str, asked: Any) -> Answer:
        return 200, {"notifications": self.notifications}

    def ack(self, actor: str, asked: Any, id: str) -> Answer:
        return 200, {"notification": {"id": id, "status": "DELIVERED", **asked.body}}

    def delete_webhook(self, actor: str, asked: Any, id: str) -> Answer:
        return 204, None


Handler = Callable[..., Answer]
ROUTES: list[tuple[str, str, Handler]] = [
    ("GET", "/tasks", World.list_tasks),
    ("POST", "/tasks", World.create_task),
    ("GET", "/tasks/([^/]+)", World.get_task),
    ("PATCH", "/tasks/([^/]+)", World.patch_task),
    ("POST", "/tasks/([^/]+)/transition", World.move),
    ("POST", "/tasks/([^/]+)/messages", World.comment),
    ("POST", "/policy/evaluate", World.evaluate),
    ("GET", "/agents", World.list_agents),
    ("POST", "/agents", World.register),
    ("GET", "/agents/([^/]+)", World.get_agent),
    ("POST", "/agents/([^/]+)/control", World.command),
    ("POST", "/agents/([^/]+)/heartbeat", World.beat),
    ("POST", "/auth/token", World.issue),
    ("GET", "/approvals", World.list_approvals),
    ("POST", "/approvals", World.ask),
    ("GET", "/approvals/([^/]+)", World.get_approval),
    ("POST", "/approvals/([^/]+)/decide", World.decide),
    ("POST", "/events/run", World.start_run),
    ("PATCH", "/events/run/([^/]+)", World.end_run),
    ("POST", "/events/tool-call", World.start_call),
    ("PATCH", "/events/tool-call/([^/]+)", World.end_call),
    ("GET", "/notifications", World.list_notes),
    ("POST", "/notifications/([^/]+)/ack", World.ack),
    ("DELETE", "/webhooks/([^/]+)", World.delete_webhook),
    ("POST", "/agents/([^/]+)/stream", World.take_stream),
    ("GET", "/agents/([^/]+)/inbox", World.read_inbox),
    ("GET", "/agents/([^/]+)/log", World.read_log),
    ("POST", "/agents/([^/]+)/messages", World.hear),
    ("POST", "/permissions", World.ask_permission),
    ("GET", "/permissions", World.list_permissions),
    ("POST", "/permissions/([^/]+)/respond", World.respond),
    ("GET", "/permissions/([^/]+)", World.read_permission),
    ("DELETE", "/permissions/([^/]+)", World.withdraw),
]
