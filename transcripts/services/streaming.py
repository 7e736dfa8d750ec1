"""Batches of what agents say and do: each item once, in the order of the batch, all in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from activity.catalogue import Kind
from activity.services import record
from agents.models import Agent
from agents.services.working import heard_working
from core.actors import Actor
from core.errors import DomainError
from core.rows import insert
from tokens.models import Run
from transcripts.models import Session
from transcripts.spans import add, holds

from .batches import Batch
from .cleaning import clean, words
from .items import Item, Taken
from .taking import TAKE


def take_stream(*, agent: Agent, session_key: str, items: Sequence[Item], actor: Actor, now: datetime) -> Taken:
    """Tell of each item, keep what is to be kept, and do what it brings with it. Items that were taken before are
    passed over and count as accepted, so that a batch may be sent again until it is answered."""
    refused = clean(items)
    return _take(agent, session_key, items, refused, actor, now)


@transaction.atomic
def _take(
    agent: Agent, session_key: str, items: Sequence[Item], refused: dict[int, str], actor: Actor, now: datetime
) -> Taken:
    session = _lock_session(agent, session_key, now)
    batch = Batch(agent, session, actor, now, runs=_runs(agent, items))
    for item in items:
        if item.index in refused or (item.seq is not None and holds(session.seen, item.seq)):
            continue
        try:
            _check_run(batch, item)
            TAKE[item.kind](batch, item)
        except DomainError as error:
            refused[item.index] = words(error)
        else:
            if item.seq is not None:
                add(session.seen, item.seq)
    _keep(batch)
    return Taken(len(items) - len(refused), refused, session.last_event_id)


def _lock_session(agent: Agent, key: str, now: datetime) -> Session:
    mine: QuerySet[Session] = Session.objects.select_for_update().filter(agent=agent, key=key)
    found = mine.first()
    if found is None:
        Session.objects.bulk_create([Session(agent=agent, key=key, started_at=now, last_at=now)], ignore_conflicts=True)
        found = mine.get()
    return found


def _runs(agent: Agent, items: Sequence[Item]) -> dict[int, Run]:
    ids = {item.run_id for item in items if item.run_id is not None}
    return Run.objects.select_related("agent", "task").filter(agent=agent).in_bulk(ids) if ids else {}


def _check_run(batch: Batch, item: Item) -> None:
    """The session is at the run of its newest item."""
    if item.run_id is not None:
        batch.run_of(item)
        batch.session.run_id = item.run_id


def _keep(batch: Batch) -> None:
    session = batch.session
    # After all else: whoever stops an agent takes its mandate before it.
    is_working = any(event.kind == Kind.AGENT_WORKING for event in batch.events)
    told = heard_working(
        agent=batch.agent, shows=batch.shows, actor=batch.actor, now=batch.now, working_told=is_working
    )
    if batch.events or told:
        record(*batch.events, *told, at=batch.now)
    if batch.events:
        session.last_event_id = batch.events[-1].pk
    insert(batch.entries)
    session.last_at = batch.now
    session.save(update_fields=["session_id", "run_id", "seen", "last_event_id", "last_at"])
