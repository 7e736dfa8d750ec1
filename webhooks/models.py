"""Endpoints that are told what happens, and each telling of it: waiting, under way or done."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Exists, OuterRef, Q

from core.querysets import WorkspaceQuerySet

EVERYTHING = "*"


def every_event() -> list[str]:
    return [EVERYTHING]


class WebhookQuerySet(WorkspaceQuerySet["Webhook"]):
    def with_something_due(self, now: datetime) -> Self:
        """Those that may be called now. One look into the queue of each, however long it is."""
        return self.filter(Exists(Delivery.objects.due(now).filter(webhook=OuterRef("pk"))), enabled=True)


class Webhook(models.Model):
    class Dialect(models.TextChoices):
        """Whose names and whose form of a body it is told in."""

        LEGACY = "legacy"
        V1 = "v1"

    dialect = models.CharField(max_length=8, choices=Dialect, default=Dialect.LEGACY)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+")
    name = models.TextField()
    url = models.TextField()
    # As it is, since every request is signed with it. Shown once.
    secret = models.CharField(max_length=256, null=True)  # noqa: DJ001 - the contract tells null from empty
    events = models.JSONField(default=every_event)
    enabled = models.BooleanField(default=True)
    last_fired_at = models.DateTimeField(null=True)
    last_status = models.IntegerField(null=True)
    consecutive_failures = models.PositiveIntegerField(default=0)
    successful_deliveries = models.PositiveBigIntegerField(default=0)
    failed_deliveries = models.PositiveBigIntegerField(default=0)
    created_by = models.CharField(max_length=200)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    objects = WebhookQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name

    def wants(self, event: str) -> bool:
        if self.dialect == self.Dialect.V1 and f"{event.partition('.')[0]}.*" in self.events:
            return True
        return EVERYTHING in self.events or event in self.events


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def done(self) -> Self:
        """Newest first."""
        return self.filter(is_done=True).order_by("-created_at", "-id")

    def due(self, now: datetime) -> Self:
        """What waits, and what somebody took on and did not finish."""
        return self.filter(Q(claimed_until=None) | Q(claimed_until__lte=now), is_done=False, due_at__lte=now)


class Delivery(models.Model):
    """One request to one endpoint. It waits until `due_at`, is claimed until it lapses, and ends as history."""

    # Answers are kept up to here.
    LONGEST_BODY = 1000

    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False)
    event_type = models.CharField(max_length=100)
    payload = models.TextField()
    attempt = models.PositiveIntegerField(default=0)
    is_retry = models.BooleanField(default=False)
    # A plain number: history outlives the older part of itself.
    parent_delivery_id = models.BigIntegerField(null=True)
    is_done = models.BooleanField(default=False)
    due_at = models.DateTimeField(null=True)
    claimed_until = models.DateTimeField(null=True)
    # Since when it waits; once it is done, when it was sent.
    created_at = models.DateTimeField()
    status_code = models.IntegerField(null=True)
    response_body = models.TextField(null=True)  # noqa: DJ001 - null when there was no answer
    error = models.TextField(null=True)  # noqa: DJ001 - null when there was none
    duration_ms = models.PositiveIntegerField(default=0)
    next_retry_at = models.DateTimeField(null=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["webhook", "due_at", "id"], condition=Q(is_done=False), name="delivery_queue"),
            models.Index(fields=["webhook", "-created_at", "-id"], condition=Q(is_done=True), name="delivery_history"),
            models.Index(
                fields=["workspace", "-created_at", "-id"], condition=Q(is_done=True), name="delivery_of_workspace"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event_type} to {self.webhook_id}"
