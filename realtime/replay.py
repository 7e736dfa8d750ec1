"""What a stream that comes back has missed, read from the log. Every function here asks the database."""

from __future__ import annotations

from activity.models import Event

from .hub import encode_all
from .wire.sse import Frame

REPLAY_AT_MOST = 10_000
REPLAY_PAGE = 500


def is_known(position: int) -> bool:
    newest = Event.objects.order_by("-id").values_list("id", flat=True).first() or 0
    return position <= newest


def is_gap(asked: int, upto: int) -> bool:
    """True when the position is older than the log, or too far behind to be caught up with."""
    if asked < 0:
        return True
    oldest = Event.objects.order_by("id").values_list("id", flat=True).first()
    if oldest is None or asked < oldest - 1:
        return True
    return Event.objects.filter(id__gt=asked, id__lte=upto)[: REPLAY_AT_MOST + 1].count() > REPLAY_AT_MOST


def missed(asked: int, upto: int) -> tuple[list[Frame], int]:
    """A page of frames after `asked`, and the position it reaches."""
    events = list(Event.objects.settled().after(asked).filter(id__lte=upto)[:REPLAY_PAGE])
    if not events:
        return [], upto
    return encode_all(events), events[-1].id
