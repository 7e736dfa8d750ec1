"""The only way anything is published: append to the log, in the transaction of the change itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from core import cause
from core.actors import Actor
from core.ids import parse_ref
from core.rows import fresh, insert

from . import bell
from .catalogue import DATA_KEYS, STORIES, Kind
from .models import Event
from .settled import announce

log = structlog.get_logger(__name__)


def fact(
    kind: Kind,
    *,
    actor: Actor,
    subject: str,
    data: dict[str, Any],
    agent_id: int | None = None,
    task_id: int | None = None,
    workspace_id: int | None = None,
) -> Event:
    """What machines act on: a kind and its dialect-neutral snapshot. Times in `data` are Unix milliseconds."""
    unknown = data.keys() - DATA_KEYS[kind]
    if unknown:
        raise ValueError(f"{kind} does not list {sorted(unknown)} in the catalogue")
    home = actor.workspace_id if workspace_id is None else workspace_id
    return fresh(
        Event,
        kind=kind,
        actor=str(actor),
        subject=subject,
        agent_id=agent_id,
        task_id=task_id,
        workspace_id=home,
        data=data,
    )


def story(
    type: str,
    *,
    by: str,
    subject: str,
    workspace_id: int,
    description: str,
    data: dict[str, Any] | None = None,
    agent_id: int | None = None,
    task_id: int | None = None,
) -> Event:
    """What people read in the feed: one sentence about one entity, by a name they know."""
    kind, _ = parse_ref(subject)
    if STORIES[type] != kind:
        raise ValueError(f"{type} speaks of a {STORIES[type]}, not of a {kind}")
    return Event(
        kind=Kind.STORY,
        type=type,
        actor=by[:200],
        subject=subject,
        workspace_id=workspace_id,
        description=description,
        data=data,
        agent_id=agent_id,
        task_id=task_id,
    )


def record(*events: Event, at: datetime | None = None) -> None:
    """Append the events, in this order, to the log; readers see them once the caller's transaction commits."""
    moment, why = at or timezone.now(), cause.current()
    for event in events:
        event.at = moment
        event.because_of(why)
    announce()
    insert(events)
    transaction.on_commit(bell.ring)
    if settings.LOG_REQUESTS:
        transaction.on_commit(partial(_tell, events))


def _tell(events: Sequence[Event]) -> None:
    for event in events:
        log.info("recorded", event_id=event.pk, kind=event.kind, subject=event.subject, request_id=event.request_id)
