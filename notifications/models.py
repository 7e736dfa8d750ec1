"""The inbox of agents and people: a row is written with its cause, in one transaction. How people hear of theirs."""

from __future__ import annotations

from datetime import datetime
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

    def due(self, now: datetime) -> Self:
        """What waits for its recipient or was shown to it, and is still worth telling; oldest first."""
        rows = self.filter(delivered_at=None, read_at=None, failed_at=None, expires_at__gt=now)
        return rows.filter(Q(send_after=None) | Q(send_after__lte=now)).order_by("id")

    def outward_due(self, now: datetime) -> Self:
        """What goes out by a channel of its recipient and is due, first come first served."""
        rows = self.filter(next_attempt_at__lte=now, delivered_at=None, read_at=None, failed_at=None)
        return rows.filter(expires_at__gt=now).order_by("next_attempt_at", "id")

    def of_status(self, words: list[str], now: datetime) -> Self:
        arrived = Q(delivered_at__isnull=False) | Q(read_at__isnull=False)
        fresh = Q(delivered_at=None, read_at=None, failed_at=None, expires_at__gt=now)
        expired = Q(delivered_at=None, read_at=None, failed_at=None) & (Q(expires_at=None) | Q(expires_at__lte=now))
        of = {
            Notification.Status.PENDING: fresh & Q(sent_at=None),
            Notification.Status.SENT: fresh & Q(sent_at__isnull=False),
            Notification.Status.DELIVERED: arrived,
            Notification.Status.FAILED: Q(delivered_at=None, read_at=None, failed_at__isnull=False),
            Notification.Status.EXPIRED: expired,
        }
        wanted = Q(pk__in=[])
        for word in words:
            wanted |= of[Notification.Status(word)]
        return self.filter(wanted)


class Notification(models.Model):
    """What became of it is told by its times: where it stands follows from them, in every dialect."""

    class Channel(models.TextChoices):
        HEARTBEAT = "HEARTBEAT"
        TELEGRAM = "TELEGRAM"
        SLACK = "SLACK"
        EMAIL = "EMAIL"
        WEBHOOK = "WEBHOOK"

    class Status(models.TextChoices):
        PENDING = "PENDING"
        SENT = "SENT"
        DELIVERED = "DELIVERED"
        FAILED = "FAILED"
        EXPIRED = "EXPIRED"

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
    channel = models.CharField(max_length=9, choices=Channel, default=Channel.HEARTBEAT)
    message_id = models.BigIntegerField(null=True)
    approval_id = models.BigIntegerField(null=True)
    # Shown to its recipient, who has not said that it has it.
    sent_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    max_attempts = models.PositiveSmallIntegerField(default=5)
    next_attempt_at = models.DateTimeField(null=True)
    last_error = models.TextField(null=True)  # noqa: DJ001 - the contract tells null from empty
    external_id = models.CharField(max_length=200, null=True)  # noqa: DJ001 - as above
    send_after = models.DateTimeField(null=True)
    # Null in rows from before there was an end: they are past it.
    expires_at = models.DateTimeField(null=True)

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
            # Those that were never acknowledged pile up; their end says which still count.
            models.Index(
                fields=["workspace", "recipient", "expires_at"],
                condition=Q(delivered_at=None),
                name="notification_due",
            ),
            models.Index(
                fields=["next_attempt_at", "id"],
                condition=Q(next_attempt_at__isnull=False, delivered_at=None, read_at=None, failed_at=None),
                name="notification_outward",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.recipient}: {self.title}"

    @property
    def task_id(self) -> int | None:
        return self.source_id if self.source_type == "task" else None

    def status_at(self, now: datetime) -> Notification.Status:
        if self.delivered_at or self.read_at:
            return self.Status.DELIVERED
        if self.failed_at:
            return self.Status.FAILED
        if self.expires_at is None or self.expires_at <= now:
            return self.Status.EXPIRED
        return self.Status.SENT if self.sent_at else self.Status.PENDING

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


class Preference(models.Model):
    """How one person is told, besides the dashboard."""

    class Way(models.TextChoices):
        AUTOMATIC = "", "Automatic: Telegram for the operator, the dashboard for others"
        DASHBOARD = "HEARTBEAT", "Dashboard only"
        TELEGRAM = "TELEGRAM", "Telegram"
        SLACK = "SLACK", "Slack"
        EMAIL = "EMAIL", "E-mail"

    user = models.OneToOneField("accounts.User", on_delete=models.CASCADE, primary_key=True, related_name="+")
    channel = models.CharField(max_length=9, choices=Way, blank=True, default=Way.AUTOMATIC)
    address = models.CharField(
        max_length=320,
        blank=True,
        default="",
        help_text="A Telegram chat or an e-mail address. Empty: this deployment's chat, or the person's own address.",
    )

    class Meta:
        verbose_name = "notification channel"

    def __str__(self) -> str:
        return f"{self.user}: {self.get_channel_display()}"
