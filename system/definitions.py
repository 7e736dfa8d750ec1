"""Every setting that the product knows, with its default."""

from __future__ import annotations

import os
from dataclasses import dataclass

from django.conf import settings


@dataclass(frozen=True, slots=True)
class Definition:
    key: str
    default: str
    description: str
    # False: read by the product, shown only when somebody has set it.
    listed: bool = True
    # Shown to nobody, as is what is kept of it.
    secret: bool = False

    @property
    def category(self) -> str:
        return CATEGORIES.get(self.key, self.key.partition(".")[0])


CATEGORIES = {"subscription.plan_override": "general", "subscription.codex_plan": "general"}
# Settings that the environment may give another default: the first name that is set does.
ENVIRONMENT = {
    "gateway.host": ("OPENCLAW_GATEWAY_HOST",),
    "gateway.port": ("OPENCLAW_GATEWAY_PORT", "GATEWAY_PORT"),
}
RETENTION_NAMES = (
    ("activities_days", "activities", "Days that activities are kept"),
    ("audit_log_days", "audit", "Days that the audit log is kept"),
    ("logs_days", "logs", "Days that log files are kept"),
    ("notifications_days", "notifications", "Days that notifications are kept"),
    ("pipeline_runs_days", "pipeline_runs", "Days that pipeline runs are kept"),
    ("token_usage_days", "token_usage", "Days that the file of token reports is kept"),
    ("gateway_sessions_days", "gateway_sessions", "Days that the gateway's sessions are kept"),
)
FIXED = (
    Definition("chat.coordinator_target_agent", "", "Agent that messages to the coordinator go to"),
    Definition("general.site_name", "Mission Control", "Name of this deployment"),
    Definition("general.auto_cleanup", "false", "Remove old records every day at 04:00 UTC"),
    Definition("general.auto_backup", "false", "Back the database up every day at 03:00 UTC"),
    Definition("general.backup_retention_count", "10", "Backups that are kept"),
    Definition("subscription.plan_override", "", "Subscription plan, when it cannot be detected"),
    Definition("subscription.codex_plan", "", "Codex subscription plan"),
    Definition("general.interface_mode", "essential", "Interface: essential or full"),
    Definition("onboarding.completed", "false", "The first steps are done"),
    Definition("onboarding.completed_at", "", "When the first steps were done"),
    Definition("onboarding.skipped", "false", "The first steps were skipped"),
    Definition("onboarding.completed_steps", "[]", "First steps that are done"),
    Definition("onboarding.checklist_dismissed", "false", "The checklist was put away"),
)
SWITCHES = (
    "general.agent_heartbeat", "webhooks.retry_enabled", "general.claude_session_scan", "general.skill_sync",
    "general.local_agent_sync", "general.gateway_agent_sync", "general.task_dispatch", "general.aegis_review",
    "general.recurring_task_spawn", "general.stale_task_requeue",
)  # fmt: skip


def definitions() -> dict[str, Definition]:
    """By key, in the order in which they are shown. Defaults may come from the environment."""
    retention = [
        Definition(f"retention.{name}", str(settings.RETAIN_DAYS[part]), text) for name, part, text in RETENTION_NAMES
    ]
    gateway = [
        Definition("gateway.host", given("gateway.host") or "127.0.0.1", "Host of the gateway"),
        Definition("gateway.port", given("gateway.port") or "18789", "Port of the gateway"),
    ]
    minutes = str(settings.STALE_MINUTES)
    unlisted = [
        Definition("general.agent_timeout_minutes", minutes, "Silence after which an agent is offline", listed=False),
        Definition(
            "general.backup_retention_days",
            str(settings.RETAIN_BACKUPS_DAYS),
            "Days that backups are kept; 0 is as long as there are no more than are kept",
            listed=False,
        ),
        Definition("general.heartbeats", "true", "Whether agents are woken and checked by the server", listed=False),
        Definition("realtime.ws_pin", "", "PIN of the WebSocket: 8 characters or more", listed=False, secret=True),
        *(Definition(key, "true", "Whether this job runs", listed=False) for key in SWITCHES),
    ]
    return {one.key: one for one in (*retention, *gateway, *FIXED, *unlisted)}


def given(key: str) -> str:
    """What the environment says about a setting, or the empty text."""
    return next(filter(None, (os.environ.get(name) for name in ENVIRONMENT.get(key, ()))), "")
