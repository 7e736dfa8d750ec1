"""Push what waits in the inboxes to the agents' own sessions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from activity.catalogue import Kind
from activity.models import Event
from activity.services import fact, record, story
from core.actors import Actor
from core.errors import Unavailable
from core.ids import ref

from .models import Notification

# Takes recipient, session key and text; returns what the session said, or raises Unavailable.
Push = Callable[[str, str | None, str], str]
DAEMON = "notification_daemon"


@dataclass(slots=True)
class Delivery:
    """What became of one run."""

    delivered: list[tuple[Notification, str]] = field(default_factory=list)
    failed: list[tuple[Notification, str]] = field(default_factory=list)

    @property
    def total(self) -> int:
        return len(self.delivered) + len(self.failed)


def attempt(rows: list[Notification], *, sessions: Mapping[str, str | None], push: Push) -> Delivery:
    """Try each row once; outside any transaction, since a session may take its time."""
    outcome = Delivery()
    for row in rows:
        text = f"{row.title}\n\n{row.message}"
        try:
            outcome.delivered.append((row, push(row.recipient, sessions.get(row.recipient), text)))
        except Unavailable as error:
            outcome.failed.append((row, error.message))
    return outcome


@transaction.atomic
def note_delivery(
    outcome: Delivery, *, actor: Actor, now: datetime, sessions: Mapping[str, str | None], agent_filter: str | None
) -> None:
    """Mark what arrived, and tell of it and of the run. What did not arrive is tried again with the next run."""
    arrived = [row for row, _ in outcome.delivered]
    events: list[Event] = []
    if arrived:
        ids = [row.pk for row in arrived]
        Notification.objects.filter(workspace_id=actor.workspace_id, id__in=ids).update(delivered_at=now)
        data: dict[str, Any] = {"ids": ids, "recipient": agent_filter}
        events.append(fact(Kind.NOTIFICATION_DELIVERED, actor=actor, subject="notification:0", data=data))
    events += [_arrival(row, actor, sessions.get(row.recipient)) for row in arrived]
    figures = (outcome.total, len(outcome.delivered), len(outcome.failed))
    record(*events, _run(actor, figures, dry_run=False, agent_filter=agent_filter), at=now)


@transaction.atomic
def note_dry_run(rows: list[Notification], *, actor: Actor, now: datetime, agent_filter: str | None) -> None:
    record(_run(actor, (len(rows), len(rows), 0), dry_run=True, agent_filter=agent_filter), at=now)


def _arrival(row: Notification, actor: Actor, session_key: str | None) -> Event:
    return story(
        "notification_delivered",
        by="system",
        subject=ref("notification", row.pk),
        workspace_id=actor.workspace_id,
        description=f"Notification delivered to {row.recipient}",
        data={"notification_type": row.type, "session_key": session_key, "title": row.title},
    )


def _run(actor: Actor, figures: tuple[int, int, int], *, dry_run: bool, agent_filter: str | None) -> Event:
    total, delivered, errors = figures
    return story(
        "notification_delivery_batch",
        by=DAEMON,
        subject=ref("system", 0),
        workspace_id=actor.workspace_id,
        description=f"Notification delivery: {delivered} of {total} delivered, {errors} failed",
        data={
            "total_processed": total,
            "delivered": delivered,
            "errors": errors,
            "dry_run": dry_run,
            "agent_filter": agent_filter,
        },
    )
