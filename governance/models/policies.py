"""What agents may do, as this deployment wants it: every version that ever held."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q

from core.querysets import WorkspaceQuerySet


class PolicyQuerySet(WorkspaceQuerySet["Policy"]):
    def active_at(self, scope: str, scope_id: str = "") -> Self:
        """The newest first: of several names the last one that was published holds."""
        return self.filter(active=True, scope_type=scope, scope_id=scope_id).order_by("-id")


class Policy(models.Model):
    """One version. A column that is null leaves the built-in default; an empty list allows, or blocks, nothing."""

    class Scope(models.TextChoices):
        GLOBAL = "GLOBAL"
        AGENT = "AGENT"
        TASK_TYPE = "TASK_TYPE"

    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False)
    name = models.CharField(max_length=100)
    version = models.PositiveIntegerField()
    scope_type = models.CharField(max_length=9, choices=Scope, default=Scope.GLOBAL)
    # An agent's slug or a type of tasks; empty for all.
    scope_id = models.CharField(max_length=64, blank=True, default="")
    rules = models.JSONField(default=dict)
    tool_risk_map = models.JSONField(default=dict)
    shell_allowlist = models.JSONField(null=True)
    shell_blocklist = models.JSONField(null=True)
    file_read_paths = models.JSONField(null=True)
    file_write_paths = models.JSONField(null=True)
    file_write_blocklist = models.JSONField(null=True)
    network_allowlist = models.JSONField(null=True)
    # Role → {"daily": dollars, "perRun": dollars}
    budget_defaults = models.JSONField(default=dict)
    spawn_limits = models.JSONField(default=dict)
    loop_thresholds = models.JSONField(default=dict)
    active = models.BooleanField(default=True)
    created_by = models.CharField(max_length=80)
    notes = models.TextField(null=True)  # noqa: DJ001 - the contract tells null from empty
    created_at = models.DateTimeField()

    objects = PolicyQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "scope_type", "scope_id", "name", "version"], name="policy_version_once"
            ),
            models.UniqueConstraint(
                fields=["workspace", "scope_type", "scope_id", "name"],
                condition=Q(active=True),
                name="policy_one_active_version",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.version} ({self.scope_type})"
