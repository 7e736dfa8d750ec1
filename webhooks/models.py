"""Endpoints that are told what happens, and each telling of it: waiting, under way or done."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q

from core.querysets import WorkspaceQuerySet

EVERYTHING = "*"


def every_event() -> list[str]:
    return [EVERYTHING]


class WebhookQuerySet(WorkspaceQuerySet["Webhook"]):
    """Those of a workspace."""


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
    # The one before, which signs as well until receivers have had time to take over the new one.
    previous_secret = models.CharField(max_length=256, null=True)  # noqa: DJ001 - as the secret
    previous_secret_until = models.DateTimeField(null=True)
    events = models.JSONField(default=every_event)
    enabled = models.BooleanField(default=True)
    last_fired_at = models.DateTimeField(null=True)
    last_status = models.IntegerField(null=True)
    consecutive_failures = models.PositiveIntegerField(default=0)
    # Failed requests in a row, of whatever deliveries, and until when the endpoint is left alone because of it.
    strikes = models.PositiveIntegerField(default=0)
    paused_until = models.DateTimeField(null=True)
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


class Delivery(models.Model):
    """One request to one endpoint. It waits until `due_at`, is claimed until it lapses, and ends as history."""

    # Answers are kept up to here.
    LONGEST_BODY = 1000

    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False)
    # The event of the log that it tells of; none for a test.
    event_id = models.BigIntegerField(null=True)
    # By which receivers know it, the same on every attempt.
    message_id = models.CharField(max_length=64, default="")
    # What caused that event, and where it stands in a trace.
    request_id = models.CharField(max_length=64, null=True)  # noqa: DJ001 - costs nothing where there is none
    traceparent = models.CharField(max_length=55, null=True)  # noqa: DJ001 - as the request's id
    event_type = models.CharField(max_length=100)
    payload = models.TextField()
    attempt = models.PositiveIntegerField(default=0)
    is_retry = models.BooleanField(default=False)
    # A plain number: history outlives the older part of itself.
    parent_delivery_id = models.BigIntegerField(null=True)
    is_done = models.BooleanField(default=False)
    # Given up: its last attempt failed.
    is_dead = models.BooleanField(default=False)
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
            # First attempts go out in the order of the log, further ones and replays when they are due.
            models.Index(fields=["webhook", "id"], condition=Q(is_done=False, is_retry=False), name="delivery_first"),
            models.Index(
                fields=["webhook", "due_at", "id"], condition=Q(is_done=False, is_retry=True), name="delivery_again"
            ),
            models.Index(fields=["webhook", "-id"], condition=Q(is_dead=True), name="delivery_dead"),
            models.Index(fields=["webhook", "-created_at", "-id"], condition=Q(is_done=True), name="delivery_history"),
            models.Index(
                fields=["workspace", "-created_at", "-id"], condition=Q(is_done=True), name="delivery_of_workspace"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event_type} to {self.webhook_id}"
