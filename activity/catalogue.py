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
    DOCUMENT_CREATED = "document.created"
    LOOP_DETECTED = "loop.detected"

    NOTIFICATION_CREATED = "notification.created"
    NOTIFICATION_ACKED = "notification.acked"
    NOTIFICATION_DELIVERED = "notification.delivered"
    NOTIFICATION_FAILED = "notification.failed"
    NOTIFICATION_DELETED = "notification.deleted"

    AGENT_REGISTERED = "agent.registered"
    AGENT_UPDATED = "agent.updated"
    AGENT_PRESENCE = "agent.presence_changed"
    AGENT_REMOVED = "agent.removed"
    AGENT_STATUS_CHANGED = "agent.status_changed"
    AGENT_CONTROL = "agent.control"

    AGENT_SESSION = "agent.session"
    AGENT_WORKING = "agent.working"
    AGENT_TEXT = "agent.text"
    AGENT_TOOL = "agent.tool"
    AGENT_TOOL_RESULT = "agent.tool_result"
    AGENT_TODOS = "agent.todos"
    AGENT_USER_MESSAGE = "agent.user_message"
    AGENT_LOG_UPDATED = "agent.log_updated"
    AGENT_DONE = "agent.done"
    AGENT_ERROR = "agent.error"
    AGENT_HEARTBEAT = "agent.heartbeat"
    DELEGATION_UPDATED = "delegation.updated"
    SPAWN_REQUESTED = "spawn.requested"
    SPAWN_RESOLVED = "spawn.resolved"
    PERMISSION_REQUESTED = "permission.requested"
    PERMISSION_RESOLVED = "permission.resolved"
    WORKSPACE_RESET = "workspace.reset"

    APPROVAL_REQUESTED = "approval.requested"
    APPROVAL_SECONDED = "approval.seconded"
    APPROVAL_DECIDED = "approval.decided"
    APPROVAL_EXPIRED = "approval.expired"
    APPROVAL_CANCELED = "approval.canceled"
    RUN_STARTED = "run.started"
    RUN_COMPLETED = "run.completed"
    TOOL_CALL_RECORDED = "tool_call.recorded"
    POLICY_DENIED = "policy.denied"
    POLICY_PUBLISHED = "policy.published"
    BUDGET_WARNING = "budget.warning"
    BUDGET_EXCEEDED = "budget.exceeded"
    BUDGET_RESET = "budget.reset"

    ALERT_OPENED = "alert.opened"
    ALERT_ACKNOWLEDGED = "alert.acknowledged"
    ALERT_RESOLVED = "alert.resolved"

    CONNECTION_CREATED = "connection.created"
    CONNECTION_ENDED = "connection.disconnected"

    PROJECT_CREATED = "project.created"
    PROJECT_CHANGED = "project.changed"
    ACCESS_CHANGED = "access.changed"
    BUDGET_SET = "budget.set"
    AUDIT = "audit.recorded"
    AUDIT_SECURITY = "audit.security"
    SECURITY = "security.event"

    CHAT_MESSAGE = "chat.message"
    CHAT_CHANGED = "chat.changed"
    WORKSPACE_CHANGED = "workspace.changed"
    WEBHOOK_CHANGED = "webhook.changed"
    ALERT_RULE_CHANGED = "alert_rule.changed"
    WORKFLOW_CHANGED = "workflow.changed"
    PIPELINE_CHANGED = "pipeline.changed"
    PIPELINE_RUN_CHANGED = "pipeline_run.changed"
    PIPELINE_NOTICE = "pipeline.notice"

    SYSTEM_LIFECYCLE = "system.lifecycle"
    SYSTEM_LOG = "system.log"


# Output of agents: told to whoever listens, kept for an hour, and no concern of durable readers.
TRANSIENT = frozenset(
    {
        Kind.AGENT_TEXT, Kind.AGENT_TOOL, Kind.AGENT_TOOL_RESULT, Kind.AGENT_TODOS, Kind.AGENT_USER_MESSAGE,
        Kind.AGENT_LOG_UPDATED, Kind.AGENT_HEARTBEAT, Kind.SYSTEM_LOG,
    }
)  # fmt: skip

TASK_KEYS = frozenset({"task"})
AGENT_KEYS = frozenset({"agent"})
ALERT_KEYS = frozenset({"alert"})
APPROVAL_KEYS = frozenset({"approval"})
RUN_KEYS = frozenset({"run"})
SPEAKER_KEYS = frozenset({"id", "slug", "name"})
AGENT_BUDGET_KEYS = frozenset({"id", "slug", "name", "level", "spent_microusd", "limit_microusd"})
CONNECTION_KEYS = frozenset({"connection_id", "agent_id", "agent_name", "tool_name"})

DATA_KEYS: dict[Kind, frozenset[str]] = {
    Kind.TASK_CREATED: TASK_KEYS,
    Kind.TASK_UPDATED: TASK_KEYS | {"fields"},
    Kind.TASK_TRANSITIONED: TASK_KEYS | {"id", "status", "previous_status", "updated_at"},
    Kind.TASK_CLAIMED: TASK_KEYS,
    Kind.TASK_DELETED: frozenset({"id", "title"}),
    Kind.COMMENT_CREATED: frozenset({"comment"}),
    Kind.DOCUMENT_CREATED: frozenset({"document"}),
    Kind.LOOP_DETECTED: frozenset({"type", "task_id", "message_id", "details"}),
    Kind.NOTIFICATION_CREATED: frozenset({"notification"}),
    Kind.NOTIFICATION_ACKED: frozenset({"ids", "recipient"}),
    Kind.NOTIFICATION_DELIVERED: frozenset({"ids", "recipient"}),
    Kind.NOTIFICATION_FAILED: frozenset({"ids", "recipient"}),
    Kind.NOTIFICATION_DELETED: frozenset({"ids", "recipient", "n"}),
    Kind.AGENT_REGISTERED: AGENT_KEYS,
    Kind.AGENT_UPDATED: AGENT_KEYS,
    Kind.AGENT_PRESENCE: frozenset({"id", "name", "status", "was", "last_seen", "last_activity", "working_told"}),
    Kind.AGENT_REMOVED: SPEAKER_KEYS,
    Kind.AGENT_STATUS_CHANGED: SPEAKER_KEYS | {"status", "presence", "was", "reason", "until"},
    Kind.AGENT_CONTROL: frozenset({"id", "slug", "name", "action", "reason"}),
    Kind.AGENT_SESSION: SPEAKER_KEYS | {"session_id"},
    Kind.AGENT_WORKING: SPEAKER_KEYS | {"task_id"},
    Kind.AGENT_TEXT: SPEAKER_KEYS | {"text", "run_id"},
    Kind.AGENT_TOOL: SPEAKER_KEYS | {"tool", "input", "tool_use_id", "run_id"},
    Kind.AGENT_TOOL_RESULT: SPEAKER_KEYS | {"tool", "result", "truncated", "tool_use_id", "is_error", "run_id"},
    Kind.AGENT_TODOS: SPEAKER_KEYS | {"todos"},
    Kind.AGENT_USER_MESSAGE: SPEAKER_KEYS | {"message_id", "text", "author"},
    Kind.AGENT_LOG_UPDATED: SPEAKER_KEYS | {"log"},
    Kind.AGENT_DONE: SPEAKER_KEYS | {"role", "cost", "run_id"},
    Kind.AGENT_ERROR: SPEAKER_KEYS | {"error"},
    Kind.AGENT_HEARTBEAT: SPEAKER_KEYS | {"status", "preview", "duration_ms", "reason"},
    Kind.DELEGATION_UPDATED: SPEAKER_KEYS | {"delegation_id", "status", "to_role"},
    Kind.SPAWN_REQUESTED: frozenset({"request"}),
    Kind.SPAWN_RESOLVED: frozenset({"request"}),
    Kind.PERMISSION_REQUESTED: frozenset({"permission"}),
    Kind.PERMISSION_RESOLVED: frozenset({"permission"}),
    Kind.WORKSPACE_RESET: frozenset({"id"}),
    Kind.APPROVAL_REQUESTED: APPROVAL_KEYS,
    Kind.APPROVAL_SECONDED: APPROVAL_KEYS,
    Kind.APPROVAL_DECIDED: APPROVAL_KEYS,
    Kind.APPROVAL_EXPIRED: APPROVAL_KEYS,
    Kind.APPROVAL_CANCELED: APPROVAL_KEYS,
    Kind.RUN_STARTED: RUN_KEYS,
    Kind.RUN_COMPLETED: RUN_KEYS,
    Kind.TOOL_CALL_RECORDED: frozenset({"tool_call"}),
    Kind.POLICY_DENIED: frozenset({"id", "slug", "name", "type", "tool", "risk", "reason", "violations"}),
    Kind.POLICY_PUBLISHED: frozenset({"id", "name", "version", "scope_type", "scope_id"}),
    Kind.BUDGET_WARNING: AGENT_BUDGET_KEYS,
    Kind.BUDGET_EXCEEDED: AGENT_BUDGET_KEYS,
    Kind.BUDGET_RESET: AGENT_BUDGET_KEYS,
    Kind.ALERT_OPENED: ALERT_KEYS,
    Kind.ALERT_ACKNOWLEDGED: ALERT_KEYS,
    Kind.ALERT_RESOLVED: ALERT_KEYS,
    Kind.CONNECTION_CREATED: CONNECTION_KEYS,
    Kind.CONNECTION_ENDED: CONNECTION_KEYS,
    Kind.PROJECT_CREATED: frozenset({"id", "name"}),
    Kind.PROJECT_CHANGED: frozenset({"id", "name"}),
    Kind.ACCESS_CHANGED: frozenset({"what", "id"}),
    Kind.BUDGET_SET: frozenset({"month_microusd"}),
    Kind.AUDIT: frozenset({"actor_id", "target_type", "target_id", "detail", "ip_address", "user_agent"}),
    Kind.AUDIT_SECURITY: frozenset({"action", "actor", "target_type", "target_id", "timestamp"}),
    Kind.SECURITY: frozenset(
        {"event_type", "severity", "source", "agent_name", "detail", "ip_address", "tenant_id", "timestamp"}
    ),
    Kind.CHAT_MESSAGE: frozenset({"message"}),
    Kind.CHAT_CHANGED: frozenset({"what", "id"}),
    Kind.WORKSPACE_CHANGED: frozenset({"id", "name"}),
    Kind.WEBHOOK_CHANGED: frozenset({"id", "name", "what"}),
    Kind.ALERT_RULE_CHANGED: frozenset({"id", "name"}),
    Kind.WORKFLOW_CHANGED: frozenset({"id", "name"}),
    Kind.PIPELINE_CHANGED: frozenset({"id", "name"}),
    Kind.PIPELINE_RUN_CHANGED: frozenset({"id", "pipeline_id", "status", "current_step"}),
    Kind.PIPELINE_NOTICE: frozenset({"type", "entity_type", "entity_id", "description", "data"}),
    Kind.SYSTEM_LIFECYCLE: frozenset({"process", "state", "pid"}),
    Kind.SYSTEM_LOG: frozenset({"level", "logger", "line"}),
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
    "approval_requested": "approval",
    "approval_seconded": "approval",
    "approval_decided": "approval",
    "approval_expired": "approval",
    "approval_canceled": "approval",
    "policy_denied": "agent",
    "budget_warning": "agent",
    "budget_exceeded": "agent",
    "connection_created": "agent",
    "connection_disconnected": "agent",
    "task_broadcast": "task",
    "agent_soul_updated": "agent",
    "agent_message": "agent",
    "agent_memory_updated": "agent",
    "agent_memory_cleared": "agent",
    "agent_workspace_file_updated": "agent",
    "chat_message": "message",
    "notification_delivered": "notification",
    "notification_delivery_batch": "system",
    "standup_generated": "standup",
    "workflow_created": "workflow",
    "pipeline_created": "pipeline",
    "pipeline_started": "pipeline",
    "pipeline_completed": "pipeline",
}

# What the audit log knows. Tasks, comments, webhooks and workflows are not in it: the feed tells of them.
AUDIT_ACTIONS = {
    "login", "login_failed", "login_google", "google_login_pending_approval", "google_disconnect", "logout",
    "password_change", "profile_update", "setup_admin_created", "user_create", "user_update", "user_delete",
    "access_request_approved", "access_request_rejected", "api_key_rotated", "settings_update", "settings_reset",
    "notification_channel_set",
    "gateway_added", "gateway_removed", "alert_rule_created", "alert_rule_deleted", "agent_self_register",
    "backup_create", "backup_delete", "auto_backup", "auto_cleanup", "data_cleanup", "data_export", "heartbeat_check",
    "data_import",
    "workspace_created", "workspace_updated", "workspace_deleted", "workspace_isolation_denied",
    "permission_decided",
    "tenant_access_denied", "tenant_bootstrap_requested", "tenant_bootstrap_completed",
    "tenant_decommission_requested", "provision_job_approved", "provision_job_failed",
    "provision_job_rejected", "provision_job_cancelled",
}  # fmt: skip
