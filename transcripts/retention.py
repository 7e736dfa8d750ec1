"""How much of what agents said is kept: so many entries of each, no older than so many days."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count

from core.ages import last_before, remove, remove_in_order
from transcripts.models import Entry, Message, Session

# Entries of one agent beyond what it may have before somebody looks.
SLACK = 200
SESSIONS_DAYS = 90


def forget_old(*, now: datetime) -> int:
    """In short transactions; returns how many rows went."""
    return _too_old(now) + _too_many()


def _too_old(now: datetime) -> int:
    gone = 0
    if days := settings.RETAIN_TRANSCRIPTS_DAYS:
        before = now - timedelta(days=days)
        entries, messages = Entry.objects.filter(at__lt=before), Message.objects.filter(created_at__lt=before)
        gone += remove(entries, up_to=last_before(Entry.objects.all(), column="at", moment=before))
        gone += remove(messages, up_to=last_before(Message.objects.all(), column="created_at", moment=before))
    gone += remove_in_order(Session.objects.filter(last_at__lt=now - timedelta(days=SESSIONS_DAYS)).order_by("pk"))
    return gone


def _too_many() -> int:
    """The oldest of those that say most."""
    most = settings.TRANSCRIPT_ENTRIES
    counts = Entry.objects.values_list("agent_id").annotate(n=Count("id")).filter(n__gt=most + SLACK).order_by()
    gone = 0
    for agent_id, _ in counts:
        mine = Entry.objects.of(agent_id)
        last = mine.values_list("id", flat=True)[most : most + 1].first()
        if last is not None:
            gone += remove(mine.filter(id__lte=last), up_to=last)
    return gone
