from __future__ import annotations

from datetime import datetime

from django.db import models


class Contact(models.Model):
    """How it goes with one system outside. `name` is that of its part, and what follows a colon one of several."""

    class State(models.TextChoices):
        OK = "ok"
        FAILING = "failing"
        PAUSED = "paused"  # not asked until `retry_at`

    name = models.CharField(max_length=200, primary_key=True)
    state = models.CharField(max_length=8, choices=State, default=State.OK)
    detail = models.CharField(max_length=500, blank=True, default="")
    since = models.DateTimeField()
    checked_at = models.DateTimeField()
    failures = models.PositiveIntegerField(default=0)
    retry_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.name}: {self.state}"

    def is_closed(self, now: datetime) -> bool:
        return self.retry_at is not None and self.retry_at > now
