"""What the schedule asks of accounts."""

from __future__ import annotations

from datetime import datetime

from .models import Session


def forget_old_sessions(*, now: datetime) -> int:
    gone, _ = Session.objects.filter(expire_date__lt=now).delete()
    return gone
