"""Tell a webhook once more what happened in a span of time, from the log itself: whatever became of it then."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from activity.models import Event
from activity.services import record
from core.actors import Actor
from core.ages import last_before
from core.rows import insert
from webhooks.models import Webhook
from webhooks.waking import wake

from .managing import changed
from .queueing import Happening, rows_for

PAGE = 500
# Deliveries of one call; who wants more goes on where it ended.
MOST = 10_000
Reading = Callable[[Sequence[Event]], Iterable[Happening]]


@dataclass(frozen=True, slots=True)
class Replayed:
    """`ended_at`: the moment up to which it was told, when there was too much for one call."""

    queued: int
    ended_at: datetime | None


@transaction.atomic
def replay(
    *, webhook: Webhook, actor: Actor, now: datetime, since: datetime, until: datetime, reading: Reading
) -> Replayed:
    """Queue what happened from `since` on and before `until`. Every delivery has the id that it has always had, so
    that receivers pass over what they know. It goes out beside what happens now, which need not wait for it."""
    events = Event.objects.settled().filter(
        workspace_id=webhook.workspace_id, at__gte=since, at__lt=until, id__lte=_end_of(until)
    )
    position, queued, ended_at = _end_of(since, first=True), 0, None
    while ended_at is None and (page := list(events.after(position)[:PAGE])):
        position = page[-1].id
        rows = [row for one in reading(page) for row in rows_for(webhook, one, due_at=now, is_retry=True)]
        insert(rows)
        queued += len(rows)
        if queued >= MOST:
            ended_at = page[-1].at
    record(changed(webhook, actor, what="replayed"), at=now)
    transaction.on_commit(wake.set)
    return Replayed(queued, ended_at)


def _end_of(moment: datetime, *, first: bool = False) -> int:
    """An id between what was before and what was after; at the beginning of a span, one that is surely before."""
    end = last_before(Event.objects.all(), column="at", moment=moment)
    return max(end - 2000, 0) if first else end
