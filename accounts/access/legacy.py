"""Who may do what at `/api/*`: the one table. Route name → method → least role; None is open to everybody."""

from __future__ import annotations

from core.actors import Role

V, O, A = Role.VIEWER, Role.OPERATOR, Role.ADMIN  # noqa: E741 - the table reads like the contract's

TABLE: dict[str, dict[str, Role | None]] = {
    "login": {"POST": None},
    "logout": {"POST": None},
    "me": {"GET": V, "PATCH": V},
    "connect": {"GET": V, "POST": O, "DELETE": O},
    "events": {"GET": V},
    "agents": {"GET": V, "POST": O, "PUT": O},
    "agent": {"GET": V, "PUT": O, "DELETE": A},
    "agent-heartbeat": {"GET": V, "POST": O},
    "tasks": {"GET": V, "POST": O, "PUT": O},
    "task-queue": {"GET": O},
    "task": {"GET": V, "PUT": O, "DELETE": A},
    "task-comments": {"GET": V, "POST": O},
    "quality-review": {"GET": V, "POST": O},
    "tokens": {"GET": V, "POST": O},
    "tokens-by-agent": {"GET": V},
    "projects": {"GET": V, "POST": O},
    "activities": {"GET": V},
    "notifications": {"GET": V, "PUT": O},
    "gateways": {"GET": A, "POST": A, "PUT": A, "DELETE": A},
    "gateway-connect": {"POST": V},
    "gateway-health": {"POST": V},
    "gateway-history": {"GET": V},
    "gateway-config": {"GET": A, "PUT": A},
    "cron": {"GET": A, "POST": A},
    "channels": {"GET": V, "POST": O},
    "nodes": {"GET": V, "POST": O},
    "exec-approvals": {"GET": O, "PUT": O},
    "integrations": {"GET": A, "POST": A, "PUT": A, "DELETE": A},
    "github": {"GET": O, "POST": A},
    "logs": {"GET": V, "POST": O},
    "memory": {"GET": V, "POST": O, "DELETE": A},
    "memory-search": {"GET": V, "POST": O},
    "memory-health": {"GET": V},
    "memory-links": {"GET": V},
    "memory-context": {"GET": V},
    "memory-process": {"POST": O},
    "claude-sessions": {"GET": V, "POST": O},
    "skills": {"GET": V, "POST": O, "PUT": O, "DELETE": O},
    "skill-registry": {"GET": V, "POST": A, "PUT": V},
    "agent-evals": {"GET": O, "POST": O},
    "agent-optimize": {"GET": O},
    "security-scan": {"GET": A},
    "security-scan-agent": {"POST": A},
    "security-audit": {"GET": A},
    "index": {"GET": None},
    "docs-tree": {"GET": V},
    "docs-search": {"GET": V},
    "docs-content": {"GET": V},
    "docs": {"GET": None},
    "health": {"GET": None},
}
# Routes where nobody stands at the gate; a method of theirs may still ask for a role.
UNGUARDED = {"login", "logout", "me", "docs", "health"}
