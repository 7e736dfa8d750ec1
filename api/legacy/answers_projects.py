"""What the routes about projects answer, as JSON Schema."""

from __future__ import annotations

from api.schemas import TEXT, WHOLE, has, many, maybe

from .answers import LISTED_TASK

FLAG_NUMBER = {"type": "integer", "enum": [0, 1]}
ROW = {
    "id": WHOLE,
    "workspace_id": WHOLE,
    "name": TEXT,
    "slug": TEXT,
    "description": maybe(TEXT),
    "ticket_prefix": TEXT,
    "ticket_counter": WHOLE,
    "status": {"type": "string", "enum": ["active", "archived"]},
    "github_repo": maybe(TEXT),
    "deadline": maybe(WHOLE),
    "color": maybe(TEXT),
    "github_sync_enabled": FLAG_NUMBER,
    "github_labels_initialized": FLAG_NUMBER,
    "github_default_branch": TEXT,
    "created_at": WHOLE,
    "updated_at": WHOLE,
}
MEMBERS = {"assigned_agents": many(TEXT)}
CREATED = has(project=has(**ROW))
LISTED = has(projects=many(has(**ROW, task_count=WHOLE, **MEMBERS)))
SHOWN = has(project=has(**ROW, task_count=WHOLE, **MEMBERS))
CHANGED = has(project=has(**ROW, **MEMBERS))
REMOVED = has(success={"type": "boolean"}, mode={"type": "string", "enum": ["archive", "delete"]})
TASKS = has(project=has(**ROW), tasks=many(LISTED_TASK))
ASSIGNMENT = has(id=WHOLE, project_id=WHOLE, agent_name=TEXT, role=TEXT, assigned_at=WHOLE)
ASSIGNMENTS = has(assignments=many(ASSIGNMENT))

CREATE_BODY = has(
    "slug", "ticket_prefix", "ticketPrefix", "description", "github_repo", "deadline", "color",
    name=TEXT, slug=TEXT, ticket_prefix=TEXT, ticketPrefix=TEXT, description=maybe(TEXT), github_repo=maybe(TEXT),
    deadline=maybe(WHOLE), color=maybe(TEXT),
)  # fmt: skip
ASSIGN_BODY = has("role", agent_name=TEXT, role=TEXT)
