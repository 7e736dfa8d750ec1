"""Objects as the legacy dialect shows them: snake_case, Unix seconds, lower-case states.

Pure functions from what the domain or the log holds (times as datetimes or as milliseconds) to plain dictionaries.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tasks.models import PRIORITIES, Task
from tasks.words import STATUS_WORDS as STATUS_WORDS
from tasks.work import Waiting

S = Task.Status
# Statuses that share their word with another one; the object then says which it is.
AMBIGUOUS = {S.NEEDS_APPROVAL, S.BLOCKED, S.CANCELED}
STATUSES: dict[str, str] = {word: status.value for status, word in STATUS_WORDS.items() if status not in AMBIGUOUS}  # type: ignore[attr-defined]
PRIORITY_NUMBERS = {word: number for number, word in PRIORITIES.items()}

Stamp = datetime | int | None


def stamp(moment: Stamp) -> int | None:
    """Unix seconds."""
    if moment is None:
        return None
    return moment // 1000 if isinstance(moment, int) else int(moment.timestamp())


def _number(value: float | None) -> float | None:
    """JSON knows one kind of number: a whole one has no point."""
    return int(value) if value is not None and value == int(value) else value


def bare_task(row: Mapping[str, Any]) -> dict[str, Any]:
    """A task without what its project adds. `row` holds the columns of a task snapshot."""
    shape = {
        "id": row["id"],
        "title": row["title"],
        "description": row["description"],
        "status": STATUS_WORDS[row["status"]],
        "priority": PRIORITIES[row["priority"]],
        "assigned_to": row["assigned_to"],
        "created_by": row["created_by"],
        "created_at": stamp(row["created_at"]),
        "updated_at": stamp(row["updated_at"]),
        "due_date": stamp(row["due_at"]),
        "estimated_hours": _number(row["estimated_hours"]),
        "actual_hours": _number(row["actual_hours"]),
        "tags": row["tags"],
        "metadata": row["metadata"],
        "workspace_id": row["workspace_id"],
        "project_id": row["project_id"],
        "project_ticket_no": row["number"],
        "outcome": row["outcome"],
        "error_message": row["error_message"],
        "resolution": row["resolution"],
        "feedback_rating": row["feedback_rating"],
        "feedback_notes": row["feedback_notes"],
        "retry_count": row["retry_count"],
        "completed_at": stamp(row["completed_at"]),
        "github_issue_number": row["github_issue_number"],
        "github_repo": row["github_repo"],
        "github_synced_at": stamp(row["github_synced_at"]),
        "github_branch": row["github_branch"],
        "github_pr_number": row["github_pr_number"],
        "github_pr_state": row["github_pr_state"],
        "dispatch_attempts": row["dispatch_attempts"],
    }
    if row["status"] in AMBIGUOUS:
        shape["v1_status"] = row["status"]
    return shape


def task(row: Mapping[str, Any]) -> dict[str, Any]:
    shape = bare_task(row)
    shape["project_name"] = row["project_name"]
    shape["project_prefix"] = row["project_prefix"]
    shape["ticket_ref"] = f"{row['project_prefix']}-{row['number']:03d}"
    return shape


AGENT_KEYS = (
    "id", "name", "role", "session_key", "soul_content", "status", "last_seen", "last_activity", "created_at",
    "updated_at", "config", "workspace_id", "source", "content_hash", "workspace_path", "hidden", "working_memory",
    "runtime_type", "claude_base_session_id", "claude_base_session_created_at",
)  # fmt: skip
AGENT_TIMES = ("last_seen", "created_at", "updated_at")
NO_TASKS = {"total": 0, "assigned": 0, "in_progress": 0, "quality_review": 0, "done": 0, "completed": 0}


def agent(row: Mapping[str, Any]) -> dict[str, Any]:
    """All 20 keys, or those that the row has."""
    shape = {key: row[key] for key in AGENT_KEYS if key in row}
    for key in AGENT_TIMES:
        if key in shape:
            shape[key] = stamp(shape[key])
    if "hidden" in shape:
        shape["hidden"] = int(shape["hidden"])
    return shape


def activity(row: Mapping[str, Any]) -> dict[str, Any]:
    """A story of the log. `row` has id, type, subject, actor, description, data, at, workspace_id."""
    entity_type, _, entity_id = row["subject"].partition(":")
    return {
        "id": row["id"],
        "type": row["type"],
        "entity_type": entity_type,
        "entity_id": int(entity_id),
        "actor": row["actor"],
        "description": row["description"],
        "data": row["data"],
        "created_at": stamp(row["at"]),
        "workspace_id": row["workspace_id"],
    }


def comment(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "created_at": stamp(row["created_at"])}


def chat_message(row: Mapping[str, Any]) -> dict[str, Any]:
    """A message of a conversation. `row` has its columns; times in milliseconds."""
    return {**row, "created_at": stamp(row["created_at"]), "read_at": stamp(row.get("read_at"))}


def heartbeat(agent_name: str, waiting: Waiting, *, checked_at: int) -> dict[str, Any]:
    """The answer to a beat: the groups that are not empty, in the contract's order."""
    groups = [
        ("mentions", len(waiting.mentions), waiting.mentions),
        ("assigned_tasks", len(waiting.tasks), waiting.tasks),
        ("notifications", waiting.unread, waiting.notifications),
        ("urgent_activities", len(waiting.urgent), waiting.urgent),
    ]
    items = [{"type": type, "count": count, "items": shown} for type, count, shown in groups if count]
    head: dict[str, Any] = {"status": "WORK_ITEMS_FOUND", "agent": agent_name, "checked_at": checked_at}
    if not items:
        return {**head, "status": "HEARTBEAT_OK", "message": "No work items found"}
    return {**head, "work_items": items, "total_items": sum(count for _, count, _ in groups)}
