"""Write to inboxes, and mark what was read or delivered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from activity.catalogue import Kind
from activity.models import Event
from activity.services import fact, record
from core.actors import Actor
from core.ids import ref
from core.rows import insert

from .models import Notification

MARK_AT_MOST = 1000
# More are handed over with the next call: an answer of all could be of any length.
DELIVER_AT_MOST = 5000


@dataclass(frozen=True, slots=True)
class Note:
    """One message to one recipient, about `source` (`("task", 12)`)."""

    recipient: str
    type: str
    title: str
    message: str
    source: tuple[str, int] | None = None


def post(notes: list[Note], *, actor: Actor, now: datetime) -> list[Event]:
    """Store the notes and return their events, for the caller to record in the order of its own story."""
    rows = [
        Notification(
            workspace_id=actor.workspace_id,
            recipient=note.recipient,
            type=note.type,
            title=note.title,
            message=note.message,
            source_type=note.source[0] if note.source else None,
            source_id=note.source[1] if note.source else None,
            created_at=now,
        )
        for note in notes
    ]
    insert(rows)
    return [
        fact(
            Kind.NOTIFICATION_CREATED,
            actor=actor,
            subject=ref("notification", row.pk),
            task_id=row.source_id if row.source_type == "task" else None,
            data={"notification": row.as_row()},
        )
        for row in rows
    ]


@transaction.atomic
def mark_read(*, actor: Actor, now: datetime, ids: list[int] | None = None, recipient: str | None = None) -> int:
    """Mark rows by id, or all of a recipient; returns how many were unread. Unknown ids are ignored."""
    unread = Notification.objects.filter(workspace_id=actor.workspace_id).unread()
    unread = unread.filter(recipient=recipient) if ids is None else unread.filter(id__in=ids)
    marked = unread.update(read_at=now)
    if marked:
        data = {"ids": (ids or [])[:MARK_AT_MOST], "recipient": recipient}
        record(fact(Kind.NOTIFICATION_ACKED, actor=actor, subject="notification:0", data=data), at=now)
    return marked


@transaction.atomic
def mark_delivered(*, actor: Actor, now: datetime, agent: str) -> list[Notification]:
    """Hand an agent what waits for it, oldest first. Of two who ask at once, each row goes to one."""
    rows = list(Notification.objects.undelivered(actor.workspace_id, agent).select_for_update()[:DELIVER_AT_MOST])
    if rows:
        ids = [row.pk for row in rows]
        Notification.objects.filter(id__in=ids).update(delivered_at=now)
        for row in rows:
            row.delivered_at = now
        data = {"ids": ids[:MARK_AT_MOST], "recipient": agent}
        record(fact(Kind.NOTIFICATION_DELIVERED, actor=actor, subject="notification:0", data=data), at=now)
    return rows


@transaction.atomic
def delete_notifications(
    *,
    actor: Actor,
    now: datetime,
    ids: list[int] | None = None,
    recipient: str | None = None,
    before: datetime | None = None,
) -> int:
    """Remove rows by id, or those of a recipient from before a moment; returns how many. Unknown ids are ignored."""
    rows = Notification.objects.filter(workspace_id=actor.workspace_id)
    rows = rows.filter(recipient=recipient, created_at__lt=before) if ids is None else rows.filter(id__in=ids)
    gone, _ = rows.delete()
    if gone:
        data = {"ids": (ids or [])[:MARK_AT_MOST], "recipient": recipient, "n": gone}
        record(fact(Kind.NOTIFICATION_DELETED, actor=actor, subject="notification:0", data=data), at=now)
    return gone
