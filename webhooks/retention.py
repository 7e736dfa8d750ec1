"""How long deliveries are remembered that are over; per webhook, the newest are kept besides."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings

from core.ages import remove

from .models import Delivery


def forget_old_deliveries(*, now: datetime) -> int:
    """Also of webhooks that are told nothing any more, and what was given up. What waits stays."""
    days = settings.RETAIN_WEBHOOKS_DAYS
    if days <= 0:
        return 0
    old = Delivery.objects.filter(is_done=True, created_at__lt=now - timedelta(days=days))
    newest = Delivery.objects.order_by("-id").values_list("id", flat=True).first()
    return remove(old, up_to=newest or 0)
