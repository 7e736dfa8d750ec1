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
    "docs": {"GET": None},
    "health": {"GET": None},
}
# Routes where nobody stands at the gate; a method of theirs may still ask for a role.
UNGUARDED = {"login", "logout", "me", "docs", "health"}
