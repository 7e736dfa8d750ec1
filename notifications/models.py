"""The inbox of agents and people. A row is written with its cause, in one transaction."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q

from core.clock import seconds


class NotificationQuerySet(models.QuerySet["Notification"]):
    def of(self, workspace_id: int, recipient: str) -> Self:
        return self.filter(workspace_id=workspace_id, recipient=recipient)

    def unread(self) -> Self:
        return self.filter(read_at=None)

    def undelivered(self, workspace_id: int, recipient: str = "") -> Self:
        """What no agent has been handed yet, oldest first; of everybody, or of one recipient."""
        rows = self.filter(workspace_id=workspace_id, delivered_at=None)
        return (rows.filter(recipient=recipient) if recipient else rows).order_by("id")


class Notification(models.Model):
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False)
    recipient = models.CharField(max_length=200)
    type = models.CharField(max_length=40)
    title = models.CharField(max_length=200)
    message = models.TextField()
    source_type = models.CharField(max_length=40, null=True)  # noqa: DJ001 - the contract tells null from empty
    source_id = models.BigIntegerField(null=True)
    read_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    objects = NotificationQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "recipient", "-id"], name="notification_inbox"),
            models.Index(
                fields=["workspace", "recipient", "-id"], condition=Q(read_at=None), name="notification_unread"
            ),
            models.Index(
                fields=["workspace", "recipient", "id"], condition=Q(delivered_at=None), name="notification_waiting"
            ),
            models.Index(
                fields=["workspace", "-delivered_at"],
                condition=Q(delivered_at__isnull=False),
                name="notification_delivered",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.recipient}: {self.title}"

    def as_row(self) -> dict[str, object]:
        return {
            "id": self.pk,
            "recipient": self.recipient,
            "type": self.type,
            "title": self.title,
            "message": self.message,
            "source_type": self.source_type,
            "source_id": self.source_id,
            "read_at": seconds(self.read_at),
            "delivered_at": seconds(self.delivered_at),
            "created_at": seconds(self.created_at),
            "workspace_id": self.workspace_id,
        }
