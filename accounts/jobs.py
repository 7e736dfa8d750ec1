"""What the schedule asks of accounts."""

from __future__ import annotations

from datetime import datetime

from core.ages import remove_in_order

from .models import Session


def forget_old_sessions(*, now: datetime) -> int:
    return remove_in_order(Session.objects.filter(expire_date__lt=now).order_by("expire_date"))
