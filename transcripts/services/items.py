"""What runners send of an agent's work, checked and typed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from activity.catalogue import Kind

# What a runner may tell, by the names of the wire.
KINDS: dict[str, Kind] = {
    "agent_session": Kind.AGENT_SESSION,
    "agent_working": Kind.AGENT_WORKING,
    "agent_text": Kind.AGENT_TEXT,
    "agent_tool": Kind.AGENT_TOOL,
    "agent_tool_result": Kind.AGENT_TOOL_RESULT,
    "agent_todos": Kind.AGENT_TODOS,
    "agent_done": Kind.AGENT_DONE,
    "agent_error": Kind.AGENT_ERROR,
    "delegation_update": Kind.DELEGATION_UPDATED,
    "agent_spawn_request": Kind.SPAWN_REQUESTED,
}
# What the server itself tells of: nobody may say it in its stead.
DERIVED = frozenset(
    {
        "agent_created", "agent_updated", "agent_removed", "agent_user_message", "agent_log_updated",
        "spawn_request_update", "permission_request", "permission_resolved", "workspace_reset",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Item:
    """`index` is its place in what was sent; `seq` its number in the session, if it has one; `fields` are those of its
    kind."""

    index: int
    kind: Kind
    fields: dict[str, Any] = field(default_factory=dict)
    seq: int | None = None
    at: datetime | None = None
    run_id: int | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """`refused` are the items that could not be taken, by their places."""

    accepted: int
    refused: dict[int, str]
    last_event_id: int
