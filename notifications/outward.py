"""What goes out by the channels of people: claimed, sent, and settled. Each row waits in the database until then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from django.db import connection, transaction

from accounts.models import User
from activity.catalogue import Kind
from activity.services import fact, record
from core.actors import system
from core.ids import ref

from .channels import Message, Outcome
from .models import Notification
from .preferences import NOBODY, address_of, is_set_up, operator_of, people_of, preferences_of
from .words import type_shown

BATCH = 50
# Before the second attempt, the third, and so on; the last one before all that follow.
BACKOFF = (30, 60, 120, 240, 480)
# What was claimed by a process that died is sent again after this.
CLAIMED_FOR = timedelta(minutes=3)


@dataclass(frozen=True, slots=True)
class Claimed:
    row: Notification
    message: Message
    until: datetime


def anything_due(*, now: datetime) -> bool:
    return Notification.objects.outward_due(now).exists()


@transaction.atomic
def claim(*, now: datetime, at_most: int = BATCH) -> list[Claimed]:
    """Rows that nobody else sends meanwhile. What came too late stays where it is: its end has passed."""
    late = Notification.objects.filter(next_attempt_at__lte=now, expires_at__lte=now, failed_at=None)
    late.update(next_attempt_at=None)
    skip = connection.features.has_select_for_update_skip_locked
    rows = list(Notification.objects.outward_due(now).select_for_update(skip_locked=skip)[:at_most])
    until = now + CLAIMED_FOR
    Notification.objects.filter(pk__in=[row.pk for row in rows]).update(next_attempt_at=until)
    addresses = _addresses(rows)
    return [Claimed(row, _message(row, address), until) for row, address in zip(rows, addresses, strict=True)]


def _addresses(rows: Sequence[Notification]) -> list[str]:
    """As they are now: whoever mends theirs while something waits gets it there."""
    people: dict[tuple[int, str], User | None] = {}
    for workspace_id in {row.workspace_id for row in rows}:
        names = {row.recipient for row in rows if row.workspace_id == workspace_id}
        people |= {(workspace_id, user.username): user for user in people_of(workspace_id, names)}
        if NOBODY in names:
            people.setdefault((workspace_id, NOBODY), operator_of(workspace_id))
    chosen = preferences_of(filter(None, people.values()))
    found = []
    for row in rows:
        user = people.get((row.workspace_id, row.recipient))
        usable = user is not None and is_set_up(row.channel)
        found.append(address_of(user, chosen.get(user.pk), row.channel) if user and usable else "")
    return found


def _message(row: Notification, address: str) -> Message:
    return Message(row.pk, row.channel, address, type_shown(row.type), row.title, row.message)


@transaction.atomic
def settle(outcomes: Sequence[tuple[Claimed, Outcome]], *, now: datetime) -> list[Notification]:
    """Note what arrived, what is tried again and when, and what is given up; returns the latter."""
    delivered, failed = [], []
    for claimed, outcome in outcomes:
        row = claimed.row
        row.attempts += 1
        row.last_error, row.next_attempt_at = outcome.error, None
        if outcome.error is None:
            row.delivered_at, row.external_id = now, outcome.external_id or row.external_id
        elif outcome.passing and row.attempts < row.max_attempts:
            row.next_attempt_at = now + wait_before(row.attempts + 1, patience=outcome.patience)
        else:
            row.failed_at = now
        # A row that another process has claimed since is that one's.
        changed = ("attempts", "last_error", "next_attempt_at", "delivered_at", "external_id", "failed_at")
        mine = Notification.objects.filter(pk=row.pk, next_attempt_at=claimed.until)
        if mine.update(**{name: getattr(row, name) for name in changed}):
            delivered += [row] if row.delivered_at else []
            failed += [row] if row.failed_at else []
    _tell(Kind.NOTIFICATION_DELIVERED, delivered, now)
    _tell(Kind.NOTIFICATION_FAILED, failed, now)
    return failed


def wait_before(attempt: int, *, patience: int = 0) -> timedelta:
    """Before an attempt from the second on; longer where the other side asks for it."""
    return timedelta(seconds=max(BACKOFF[min(attempt - 2, len(BACKOFF) - 1)], patience))


def _tell(kind: Kind, rows: list[Notification], now: datetime) -> None:
    def whose(row: Notification) -> tuple[int, str]:
        return row.workspace_id, row.recipient

    for (workspace_id, recipient), group in groupby(sorted(rows, key=whose), key=whose):
        ids = [row.pk for row in group]
        subject = ref("notification", ids[0])
        record(
            fact(kind, actor=system(workspace_id), subject=subject, data={"ids": ids, "recipient": recipient}), at=now
        )
