"""What the worker's jobs have last done, and did before."""

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
    # Set while it runs. Without anybody who holds its lease, it died.
    running_since = models.DateTimeField(null=True)
    # In a row, both of them.
    failures = models.PositiveIntegerField(default=0)
    deaths = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = "job"

    def __str__(self) -> str:
        return f"{self.id}: {self.message or 'has not run'}"


class JobRun(models.Model):
    """One run, for those who look back; the newest of each job are kept."""

    job = models.CharField(max_length=64)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    ok = models.BooleanField()
    message = models.TextField(blank=True, default="")
    by_hand = models.BooleanField(default=False)

    class Meta:
        verbose_name = "run of a job"
        verbose_name_plural = "runs of jobs"
        indexes = [models.Index(fields=["job", "-id"], name="job_run_newest")]

    def __str__(self) -> str:
        return f"{self.job} at {self.started_at:%Y-%m-%d %H:%M:%S}: {self.message}"
