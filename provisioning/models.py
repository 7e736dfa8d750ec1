"""Jobs that set up, change or take down the installation of a tenant, and what happened to each."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class ProvisionJob(models.Model):
    """Steps to run on the tenant's machine. Somebody asks for it, somebody else approves, a runner runs it."""

    class Type(models.TextChoices):
        BOOTSTRAP = "bootstrap"
        UPDATE = "update"
        DECOMMISSION = "decommission"

    class Status(models.TextChoices):
        QUEUED = "queued"
        APPROVED = "approved"
        RUNNING = "running"
        COMPLETED = "completed"
        FAILED = "failed"
        REJECTED = "rejected"
        CANCELLED = "cancelled"

    tenant = models.ForeignKey("accounts.Tenant", on_delete=models.CASCADE, related_name="jobs", db_index=False)
    job_type = models.CharField(max_length=12, choices=Type)
    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)
    dry_run = models.BooleanField(default=True)
    requested_by = models.CharField(max_length=150)
    approved_by = models.CharField(max_length=150, null=True)  # noqa: DJ001 - the contract tells null from empty
    runner_host = models.CharField(max_length=200, null=True)  # noqa: DJ001 - as above
    idempotency_key = models.CharField(max_length=64, null=True)  # noqa: DJ001 - as above
    request = models.JSONField(default=dict)
    plan = models.JSONField(default=list)
    result = models.JSONField(null=True)
    error_text = models.TextField(null=True)  # noqa: DJ001 - as above
    started_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "-id"], name="job_of_tenant"),
            models.Index(fields=["status", "-id"], name="job_by_status"),
        ]

    def __str__(self) -> str:
        return f"{self.job_type} of tenant {self.tenant_id}: {self.status}"


class ProvisionEvent(models.Model):
    class Level(models.TextChoices):
        INFO = "info"
        WARN = "warn"
        ERROR = "error"

    job = models.ForeignKey(ProvisionJob, on_delete=models.CASCADE, related_name="events")
    level = models.CharField(max_length=5, choices=Level, default=Level.INFO)
    step_key = models.CharField(max_length=100, null=True)  # noqa: DJ001 - the contract tells null from empty
    message = models.TextField()
    data = models.JSONField(null=True)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.level}: {self.message}"
