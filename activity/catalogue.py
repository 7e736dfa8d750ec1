"""Every kind of event, and the keys its data carries. `record` refuses what is not listed here."""

from __future__ import annotations

from django.db.models import TextChoices


class Kind(TextChoices):
    STORY = "activity.created"

    TASK_CREATED = "task.created"
    TASK_UPDATED = "task.updated"
    TASK_TRANSITIONED = "task.transitioned"
    TASK_CLAIMED = "task.claimed"
    TASK_DELETED = "task.deleted"
    COMMENT_CREATED = "message.posted"

    NOTIFICATION_CREATED = "notification.created"
    NOTIFICATION_ACKED = "notification.acked"

    AGENT_REGISTERED = "agent.registered"
    AGENT_UPDATED = "agent.updated"
    AGENT_PRESENCE = "agent.presence_changed"
    AGENT_REMOVED = "agent.removed"

    CONNECTION_CREATED = "connection.created"
    CONNECTION_ENDED = "connection.disconnected"

    PROJECT_CREATED = "project.created"
    PROJECT_CHANGED = "project.changed"
    ACCESS_CHANGED = "access.changed"
    BUDGET_SET = "budget.set"
    AUDIT_SECURITY = "audit.security"


TASK_KEYS = frozenset({"task"})
AGENT_KEYS = frozenset({"agent"})
CONNECTION_KEYS = frozenset({"connection_id", "agent_id", "agent_name", "tool_name"})

DATA_KEYS: dict[Kind, frozenset[str]] = {
    Kind.TASK_CREATED: TASK_KEYS,
    Kind.TASK_UPDATED: TASK_KEYS | {"fields"},
    Kind.TASK_TRANSITIONED: TASK_KEYS | {"id", "status", "previous_status", "updated_at"},
    Kind.TASK_CLAIMED: TASK_KEYS,
    Kind.TASK_DELETED: frozenset({"id", "title"}),
    Kind.COMMENT_CREATED: frozenset({"comment"}),
    Kind.NOTIFICATION_CREATED: frozenset({"notification"}),
    Kind.NOTIFICATION_ACKED: frozenset({"ids", "recipient"}),
    Kind.AGENT_REGISTERED: AGENT_KEYS,
    Kind.AGENT_UPDATED: AGENT_KEYS,
    Kind.AGENT_PRESENCE: frozenset({"id", "name", "status", "was", "last_seen", "last_activity"}),
    Kind.AGENT_REMOVED: frozenset({"id", "name"}),
    Kind.CONNECTION_CREATED: CONNECTION_KEYS,
    Kind.CONNECTION_ENDED: CONNECTION_KEYS,
    Kind.PROJECT_CREATED: frozenset({"id", "name"}),
    Kind.PROJECT_CHANGED: frozenset({"id", "name"}),
    Kind.ACCESS_CHANGED: frozenset({"what", "id"}),
    Kind.BUDGET_SET: frozenset({"month_microusd"}),
    Kind.AUDIT_SECURITY: frozenset({"action", "actor", "target_type", "target_id", "timestamp"}),
}

# What people read in the feed: the types of a story, and the entity each speaks of.
STORIES: dict[str, str] = {
    "task_created": "task",
    "task_updated": "task",
    "task_deleted": "task",
    "task_assigned": "task",
    "quality_review": "task",
    "comment_added": "comment",
    "agent_created": "agent",
    "agent_deleted": "agent",
    "agent_config_updated": "agent",
    "agent_status_change": "agent",
    "agent_heartbeat": "agent",
    "connection_created": "agent",
    "connection_disconnected": "agent",
}
