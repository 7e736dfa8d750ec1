"""What each known client calls, in its order, and the keys it reads from the answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from tests.contract.test_wire import Reply, ask
from tests.server import ADMIN, PASSWORD, Server


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


def send(server: Server, method: str, path: str, body: Any = None, **options: Any) -> Reply:
    return ask(server, method, path, None if body is None else orjson.dumps(body), **options)


def read(server: Server, method: str, path: str, body: Any = None, *, status: int = 200, **options: Any) -> Any:
    reply = send(server, method, path, body, **options)
    assert reply.status == status, (method, path, reply.status, reply.body[:300])
    return reply.json


def has(shape: Any, *keys: str) -> None:
    assert set(keys) <= set(shape), (keys, shape)


def test_a_script_that_connects_beats_and_reports(server):
    sent = {"tool_name": "script", "tool_version": "1.0", "agent_name": "builder-1", "agent_role": "developer"}
    connected = read(server, "POST", "/api/connect", sent, key="operator:operator-key")
    has(connected, "connection_id", "agent_id", "agent_name", "status", "sse_url", "heartbeat_url", "token_report_url")
    beat = connected["heartbeat_url"]
    nothing = read(server, "POST", beat, {"connection_id": connected["connection_id"]}, key="operator-key")
    assert (nothing["status"], nothing["token_recorded"]) == ("HEARTBEAT_OK", False)
    read(server, "POST", "/api/tasks", {"title": "Do it", "assigned_to": "builder-1"}, status=201)
    work = read(
        server, "POST", beat, {"token_usage": {"model": "claude-sonnet-4", "inputTokens": 5, "outputTokens": 2}}
    )
    assert work["status"] == "WORK_ITEMS_FOUND"
    assert work["token_recorded"] is True
    assert work["total_items"] == sum(item["count"] for item in work["work_items"])
    assert {item["type"] for item in work["work_items"]} >= {"assigned_tasks", "notifications"}
    usage = {"model": "claude-sonnet-4", "sessionId": "builder-1:cli", "inputTokens": 1500, "outputTokens": 800}
    assert read(server, "POST", "/api/tokens", usage)["record"]["cost"] == 0.0165
    gone = read(server, "DELETE", "/api/connect", {"connection_id": connected["connection_id"]})
    assert gone["status"] == "disconnected"


def test_the_command_line_signs_in_with_a_saved_cookie(server):
    reply = send(server, "POST", "/api/auth/login", {"username": ADMIN, "password": PASSWORD}, key=None)
    cookie = reply.headers["set-cookie"].partition(";")[0]
    assert cookie.startswith("mc-session=")
    me = read(server, "GET", "/api/auth/me", key=None, cookie=cookie)
    assert me["user"]["username"] == ADMIN
    assert read(server, "POST", "/api/auth/logout", {}, key=None, cookie=cookie) == {"ok": True}
    assert send(server, "GET", "/api/auth/me", key=None, cookie=cookie).status == 401


def test_the_command_line_manages_agents(server):
    agent = read(server, "POST", "/api/agents", {"name": "cli-agent", "role": "tester"}, status=201)["agent"]
    path = f"/api/agents/{agent['id']}"
    has(read(server, "GET", "/api/agents"), "agents", "total", "page", "limit")
    assert read(server, "GET", path)["agent"]["name"] == "cli-agent"
    assert read(server, "PUT", path, {"role": "reviewer"})["success"] is True
    has(read(server, "GET", f"{path}/heartbeat"), "status", "agent", "checked_at")
    has(read(server, "GET", f"{path}/diagnostics?privileged=1"), "agent", "timeframe", "summary", "tokens")
    has(read(server, "GET", f"{path}/attribution?privileged=1"), "agent_name", "identity", "audit", "mutations", "cost")
    stored = read(server, "PUT", f"{path}/memory", {"working_memory": "remember"})
    assert (stored["working_memory"], stored["size"]) == ("remember", 8)
    assert read(server, "GET", f"{path}/memory")["working_memory"] == "remember"
    assert read(server, "PUT", f"{path}/soul", {"soul_content": "# Calm"})["soul_content"] == "# Calm"
    has(read(server, "PATCH", f"{path}/soul"), "templates")
    assert read(server, "POST", f"{path}/wake", {}, status=400)["error"] == "Agent has no session key configured"
    assert read(server, "DELETE", path)["success"] is True


def test_the_command_line_works_on_tasks(server):
    task = read(server, "POST", "/api/tasks", {"title": "Fix login", "tags": ["auth"]}, status=201)["task"]
    path = f"/api/tasks/{task['id']}"
    has(read(server, "GET", "/api/tasks"), "tasks", "total", "page", "limit")
    assert (
        read(server, "PUT", path, {"status": "assigned", "assigned_to": "nobody-yet"})["task"]["status"] == "assigned"
    )
    comment = read(server, "POST", f"{path}/comments", {"content": "on it"}, status=201)["comment"]
    assert comment["replies"] == []
    assert read(server, "GET", f"{path}/comments")["total"] == 1
    has(read(server, "POST", f"{path}/broadcast", {"message": "news"}), "sent", "skipped")
    has(read(server, "GET", "/api/tasks/queue?agent=nobody-yet"), "task", "reason", "agent", "timestamp")
    refused = read(server, "PUT", path, {"status": "done"}, status=403)
    assert refused == {"error": "Aegis approval is required to move task to done."}
    review = {"taskId": task["id"], "status": "approved", "notes": "good"}
    assert read(server, "POST", "/api/quality-review", review)["success"] is True
    assert read(server, "GET", f"/api/quality-review?taskId={task['id']}")["reviews"][0]["status"] == "approved"
    assert read(server, "DELETE", path) == {"success": True}


def test_the_command_line_asks_for_tokens_status_and_exports(server):
    for action in ("list", "stats", "agent-costs", "task-costs", "trends", "export"):
        read(server, "GET", f"/api/tokens?action={action}")
    has(read(server, "GET", "/api/tokens/by-agent"), "agents", "summary")
    has(read(server, "GET", "/api/tokens/rotate"), "masked_key", "configured", "source")
    for action in ("overview", "dashboard", "gateway", "models", "health", "capabilities"):
        assert isinstance(read(server, "GET", f"/api/status?action={action}"), dict)
    for type in ("audit", "tasks", "activities", "pipelines"):
        has(read(server, "GET", f"/api/export?type={type}&format=json"), "type", "exported_at", "count", "data")
    has(read(server, "GET", "/api/skills"), "skills", "groups", "total")
    has(read(server, "GET", "/api/cron?action=list"), "jobs")
    has(read(server, "GET", "/api/sessions"), "sessions")


def test_the_terminal_dashboard(server):
    has(read(server, "GET", "/api/activities?limit=15"), "activities", "total", "hasMore")
    has(read(server, "GET", "/api/sessions?limit=50"), "sessions")
    has(read(server, "GET", "/api/tokens?action=stats&timeframe=day")["summary"], "totalCost", "totalTokens")
    health = read(server, "GET", "/api/status?action=health", key=None)
    has(health, "status", "version", "uptime", "checks", "timestamp")
    assert [check["name"] for check in health["checks"]] == [
        "Database", "Process Memory", "Gateway", "Disk Space", "Memory Usage"
    ]  # fmt: skip


def test_an_orchestrator_that_asks_before_it_submits(server):
    signals = read(server, "GET", "/api/workload", key="viewer-key")
    has(signals, "timestamp", "workspace_id", "capacity", "queue", "agents", "recommendation", "thresholds")
    has(signals["recommendation"], "action", "reason", "details", "submit_ok", "suggested_delay_ms")
    assert len(signals["thresholds"]) == 8


def test_the_browser_reads_every_panel(server):
    for path, *keys in (
        ("/api/projects", "projects"), ("/api/workspaces", "workspaces", "active_workspace_id", "tenant_id"),
        ("/api/notifications?recipient=admin", "notifications", "unreadCount"), ("/api/standup", "history", "total"),
        ("/api/search?q=fix", "query", "count", "results"), ("/api/chat/conversations", "conversations"),
        ("/api/chat/messages", "messages"), ("/api/alerts", "rules"), ("/api/webhooks", "webhooks"),
        ("/api/webhooks/deliveries", "deliveries", "total"), ("/api/webhooks/verify-docs", "algorithm", "header"),
        ("/api/workflows", "templates"), ("/api/pipelines", "pipelines"), ("/api/pipelines/run", "runs"),
        ("/api/settings", "settings", "grouped"), ("/api/scheduler", "tasks"), ("/api/audit", "events", "total"),
        ("/api/backup", "backups"), ("/api/cleanup", "retention", "preview"), ("/api/auth/users", "users"),
        ("/api/auth/access-requests", "requests"), ("/api/agents/comms", "messages", "graph", "source"),
        ("/api/mentions?q=a", "mentions", "total", "q"), ("/api/tasks/outcomes", "summary", "by_agent"),
        ("/api/super/tenants", "tenants"), ("/api/super/provision-jobs", "jobs"), ("/api/gateways", "gateways"),
        ("/api/releases/check", "updateAvailable", "currentVersion"), ("/api/spawn", "history"),
        ("/api/claude/sessions", "sessions", "stats"), ("/api/memory?action=tree", "tree"), ("/api/logs", "logs"),
        ("/api/onboarding", "showOnboarding", "steps"), ("/api/diagnostics", "system", "database"),
        ("/api/chat/session-prefs", "prefs"), ("/api/index", "endpoints"), ("/api/docs", "openapi", "paths"),
    ):  # fmt: skip
        has(read(server, "GET", path), *keys)


def test_every_error_of_a_client_is_json_with_an_error(server):
    for method, path, body, status in (
        ("GET", "/api/tasks/abc", None, 400),
        ("GET", "/api/tasks/999999", None, 404),
        ("POST", "/api/tasks", {}, 400),
        ("POST", "/api/tokens", {"model": ""}, 400),
        ("POST", "/api/webhooks", {"name": "x", "url": "http://127.0.0.1/hook"}, 400),
        ("GET", "/api/search?q=a", None, 400),
        ("POST", "/api/auth/login", {"username": "x", "password": "y"}, 401),
    ):
        assert "error" in read(server, method, path, body, status=status)
    assert read(server, "GET", "/api/settings", status=403, key="viewer-key")["error"].startswith("Requires admin")
