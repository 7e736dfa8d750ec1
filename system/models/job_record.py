"""What the worker's jobs have last done."""

from __future__ import annotations

from django.db import models


class JobRecord(models.Model):
    """One job of the schedule: when it ran, when it is due again, how it ended."""

    id = models.CharField(max_length=64, primary_key=True)
    next_run = models.DateTimeField()
    last_run = models.DateTimeField(null=True)
    ok = models.BooleanField(null=True)
    message = models.TextField(blank=True, default="")
    ended_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.id}: {self.message or 'has not run'}"
