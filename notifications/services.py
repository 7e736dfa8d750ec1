"""Write to inboxes, and mark what was read or delivered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from activity.catalogue import Kind
from activity.models import Event
from activity.services import fact, record
from core.actors import Actor
from core.errors import Conflict
from core.ids import ref
from core.rows import find, insert

from .models import Notification
from .preferences import DASHBOARD, NOBODY, channels_of

MARK_AT_MOST = 1000
# More are handed over with the next call: an answer of all could be of any length.
DELIVER_AT_MOST = 5000
LASTS = timedelta(hours=24)
# The same words to the same recipient within this time are said once.
REPEATED_WITHIN = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Note:
    """One message to one recipient, about `source` (`("task", 12)`)."""

    recipient: str
    type: str
    title: str
    message: str
    source: tuple[str, int] | None = None
    message_id: int | None = None
    approval_id: int | None = None
    # Meant for the person of that name, even if an agent has it too.
    to_person: bool = False


def unsaid(notes: list[Note], *, workspace_id: int, now: datetime) -> list[Note]:
    """Without those that their recipient was told of the same task just now, under the same title."""
    told = Notification.objects.filter(
        workspace_id=workspace_id,
        recipient__in={note.recipient for note in notes},
        created_at__gt=now - REPEATED_WITHIN,
    )
    said = set(told.values_list("recipient", "type", "title", "source_type", "source_id"))
    new = {(note.recipient, note.type, note.title, *(note.source or (None, None))): note for note in notes}
    return [note for key, note in new.items() if key not in said]


def post(notes: list[Note], *, actor: Actor, now: datetime) -> list[Event]:
    """Store the notes and return their events, for the caller to record in the order of its own story."""
    channels = _channels(notes, workspace_id=actor.workspace_id, now=now)
    rows = [
        Notification(
            workspace_id=actor.workspace_id,
            channel=channel,
            next_attempt_at=None if channel == DASHBOARD else now,
            recipient=note.recipient,
            type=note.type,
            title=note.title,
            message=note.message,
            source_type=note.source[0] if note.source else None,
            source_id=note.source[1] if note.source else None,
            message_id=note.message_id,
            approval_id=note.approval_id,
            expires_at=now + LASTS,
            created_at=now,
        )
        for note, channel in zip(notes, channels, strict=True)
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


def _channels(notes: list[Note], *, workspace_id: int, now: datetime) -> list[str]:
    """By which each goes out. What was said just now goes out once, even where the inbox keeps every repetition."""
    names = {note.recipient for note in notes if note.recipient != NOBODY or note.type == "alert"}
    people = {note.recipient for note in notes if note.to_person}
    channels = channels_of(names, people=people, workspace_id=workspace_id)
    if not any(channel != DASHBOARD for channel in channels.values()):
        return [DASHBOARD] * len(notes)
    new = {id(note) for note in unsaid(notes, workspace_id=workspace_id, now=now)}
    return [channels.get(note.recipient, DASHBOARD) if id(note) in new else DASHBOARD for note in notes]


def post_once(notes: list[Note], *, actor: Actor, now: datetime) -> list[Event]:
    """As `post`, but for what was said just now."""
    return post(unsaid(notes, workspace_id=actor.workspace_id, now=now), actor=actor, now=now) if notes else []


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
def acknowledge(
    *, notification: Notification, actor: Actor, now: datetime, external_id: str | None = None
) -> Notification:
    """The recipient has it, and has read it. Raises Conflict when it came too late; a repetition changes nothing."""
    row = find(Notification.objects.select_for_update(), notification.pk, "Notification not found")
    status = row.status_at(now)
    if status == Notification.Status.DELIVERED and row.delivered_at and row.read_at:
        return row
    if status == Notification.Status.EXPIRED:
        raise Conflict("The notification has expired", code="STATE_CONFLICT", status=status.value)
    row.delivered_at, row.read_at = row.delivered_at or now, row.read_at or now
    row.external_id = external_id or row.external_id
    row.save(update_fields=["delivered_at", "read_at", "external_id"])
    data = {"ids": [row.pk], "recipient": row.recipient}
    record(fact(Kind.NOTIFICATION_ACKED, actor=actor, subject=ref("notification", row.pk), data=data), at=now)
    return row


def hand_over(*, workspace_id: int, recipient: str, now: datetime, at_most: int) -> list[Notification]:
    """What an agent is told with its beat, oldest first: the same with every beat until it acknowledges it."""
    waiting = Notification.objects.of(workspace_id, recipient).filter(channel=DASHBOARD).due(now)
    rows = list(waiting[:at_most])
    new = [row.pk for row in rows if row.sent_at is None]
    if new:
        Notification.objects.filter(pk__in=new, sent_at=None).update(sent_at=now)
        for row in rows:
            row.sent_at = row.sent_at or now
    return rows


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
