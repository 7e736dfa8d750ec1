"""Reports on who did what on a day."""

from __future__ import annotations

from django.db import models


class StandupReport(models.Model):
    """One for each day of a workspace; making it again replaces it. Lists need only what stands beside the report."""

    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False)
    date = models.DateField()
    report = models.JSONField()
    summary = models.JSONField()
    agent_count = models.PositiveIntegerField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "date"], name="standup_once_a_day")]
        indexes = [models.Index(fields=["workspace", "-created_at", "-id"], name="standup_newest")]

    def __str__(self) -> str:
        return f"{self.date} of {self.workspace_id}"
