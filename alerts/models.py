"""Rules that say when somebody shall be told about the state of the fleet."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Self

import orjson
from django.db import models

from core.clock import seconds
from core.querysets import WorkspaceQuerySet
from notifications.preferences import NOBODY

# What one list shows at most.
AT_MOST = 1000


class AlertRuleQuerySet(WorkspaceQuerySet["AlertRule"]):
    def newest(self) -> Self:
        return self.order_by("-created_at", "-id")[:AT_MOST]

    def enabled(self) -> Self:
        return self.filter(enabled=True).order_by("id")


class AlertRule(models.Model):
    """A rule, as its author wrote it; `alerts.meaning` says what it means."""

    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False)
    name = models.TextField()
    description = models.TextField(null=True)  # noqa: DJ001 - the contract tells null from empty
    enabled = models.BooleanField(default=True)
    entity_type = models.TextField()
    condition_field = models.TextField()
    condition_operator = models.TextField()
    condition_value = models.TextField()
    action_type = models.TextField(default="notification")
    action_config = models.TextField(default="{}")
    cooldown_minutes = models.IntegerField(default=60)
    last_triggered_at = models.DateTimeField(null=True)
    trigger_count = models.IntegerField(default=0)
    created_by = models.CharField(max_length=200)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    objects = AlertRuleQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["workspace", "-created_at", "-id"], name="alert_rule_newest")]

    def __str__(self) -> str:
        return self.name

    @property
    def recipient(self) -> str:
        """Whom `action_config` names; clients write that column by hand."""
        try:
            config = orjson.loads(self.action_config)
        except orjson.JSONDecodeError:
            return NOBODY
        named = config.get("recipient") if isinstance(config, dict) else None
        return named[:200] if isinstance(named, str) and named else NOBODY

    def rested_since(self, now: datetime) -> datetime:
        """A rule that was triggered after this moment is in its cooldown."""
        return now - timedelta(minutes=self.cooldown_minutes)

    def as_row(self) -> dict[str, Any]:
        return {
            "id": self.pk,
            "name": self.name,
            "description": self.description,
            "enabled": int(self.enabled),
            "entity_type": self.entity_type,
            "condition_field": self.condition_field,
            "condition_operator": self.condition_operator,
            "condition_value": self.condition_value,
            "action_type": self.action_type,
            "action_config": self.action_config,
            "cooldown_minutes": self.cooldown_minutes,
            "last_triggered_at": seconds(self.last_triggered_at),
            "trigger_count": self.trigger_count,
            "created_by": self.created_by,
            "created_at": seconds(self.created_at),
            "updated_at": seconds(self.updated_at),
            "workspace_id": self.workspace_id,
        }
