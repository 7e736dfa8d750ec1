"""Deliver what goes out to people, and say so where somebody waits for what could not be delivered."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from core.actors import system
from governance.models import Alert
from notifications.channels import Outcome, send_all
from notifications.models import Notification
from notifications.outward import claim, settle
from notifications.words import PRESSING, type_shown

from .alerts import Trouble, open_alert

NOWHERE = Outcome("There is no address for this channel, or it is not set up any more")


def deliver_notifications(*, now: datetime) -> tuple[int, int]:
    """Try each that is due once, outside of any transaction; returns how many arrived, and how many did not."""
    claimed = claim(now=now)
    reachable = [one for one in claimed if one.message.address]
    outcomes = list(zip(reachable, send_all([one.message for one in reachable]) if reachable else [], strict=True))
    outcomes += [(one, NOWHERE) for one in claimed if not one.message.address]
    # As long as it took, others may have waited.
    now = max(now, timezone.now()) if reachable else now
    with transaction.atomic():
        for row in settle(outcomes, now=now):
            if type_shown(row.type) in PRESSING:
                _alarm(row, now)
    arrived = sum(outcome.error is None for _, outcome in outcomes)
    return arrived, len(outcomes) - arrived


def _alarm(row: Notification, now: datetime) -> None:
    trouble = Trouble(
        "NOTIFICATION_FAILED",
        Alert.Severity.WARNING,
        f"{row.recipient} could not be told: {row.title}",
        f"{row.channel} after {row.attempts} attempts: {row.last_error}",
        task_id=row.task_id,
        metadata={"notificationId": f"notif_{row.pk}", "channel": row.channel, "approvalId": row.approval_id},
    )
    open_alert(trouble=trouble, actor=system(row.workspace_id), now=now)
