"""Who may do what at `/api/v1/*`: the one table. Route name → method → whom it lets in; None is open to everybody.

Whose task or approval it is, and which role of agents, is for the services to judge.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.actors import Actor, Role


@dataclass(frozen=True, slots=True)
class Who:
    """Agents, people from a role on, or both."""

    agents: bool = False
    people: Role | None = None

    def includes(self, actor: Actor) -> bool:
        if actor.kind == "agent":
            return self.agents
        return self.people is not None and actor.can(self.people)


ANY = Who(agents=True, people=Role.VIEWER)
ACTING = Who(agents=True, people=Role.OPERATOR)
OPERATORS = Who(people=Role.OPERATOR)
ADMINS = Who(people=Role.ADMIN)
TOKENS = Who(agents=True, people=Role.ADMIN)

TABLE: dict[str, dict[str, Who | None]] = {
    "health": {"GET": None},
    "openapi": {"GET": None},
    "token": {"POST": TOKENS, "DELETE": ANY},
    "tasks": {"GET": ANY, "POST": ACTING},
    "task": {"GET": ANY, "PATCH": ACTING},
    "task-transition": {"POST": ACTING},
    "task-transitions": {"GET": ANY},
    "task-messages": {"GET": ANY, "POST": ACTING},
    "agents": {"GET": ANY, "POST": TOKENS},
    "agent": {"GET": ANY, "PATCH": ADMINS},
    "agent-control": {"POST": OPERATORS},
    "agent-heartbeat": {"POST": ACTING},
    "agent-stream": {"POST": ACTING},
    "agent-log": {"GET": ANY},
    "agent-log-entry": {"PATCH": OPERATORS},
    "agent-messages": {"POST": OPERATORS},
    "agent-inbox": {"GET": ANY},
    "agent-sessions": {"GET": ANY},
    "agent-todos": {"GET": ANY},
    "agent-delegations": {"GET": ANY},
    "spawn-requests": {"GET": ANY},
    "spawn-request-respond": {"POST": OPERATORS},
    "workspace-reset": {"POST": ADMINS},
    "notifications": {"GET": ANY},
    "notification-ack": {"POST": ACTING},
    "alerts": {"GET": ANY},
    "alert-acknowledge": {"POST": OPERATORS},
    "alert-resolve": {"POST": OPERATORS},
    "stats-overview": {"GET": ANY},
    "stats-agent-costs": {"GET": ANY},
    "timeline": {"GET": ANY},
    "document": {"GET": ANY},
    "approvals": {"GET": ANY, "POST": ACTING},
    "approvals-pending": {"GET": ANY},
    "approval": {"GET": ANY},
    "approval-decide": {"POST": ACTING},
    "approval-cancel": {"POST": ACTING},
    "permissions": {"GET": ANY, "POST": ACTING},
    "permission": {"GET": ANY, "DELETE": ACTING},
    "permission-respond": {"POST": OPERATORS},
    "policy-evaluate": {"POST": ACTING},
    "policy-active": {"GET": ANY},
    "runs": {"POST": ACTING},
    "run": {"PATCH": ACTING},
    "tool-calls": {"POST": ACTING},
    "tool-call": {"PATCH": ACTING},
    "webhooks": {"GET": ADMINS, "POST": ADMINS},
    "webhook": {"PATCH": ADMINS, "DELETE": ADMINS},
    "webhook-deliveries": {"GET": ADMINS},
    "webhook-test": {"POST": ADMINS},
    "webhook-retry": {"POST": ADMINS},
    "webhook-replay": {"POST": ADMINS},
}
