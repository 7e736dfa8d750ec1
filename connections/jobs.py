"""Celery entry points of connections."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from activity.leases import lease

from .services import mark_stale_agents


@shared_task
def sweep_stale_agents() -> int:
    now = timezone.now()
    with lease("stale-agents", now=now) as got:
        return mark_stale_agents(now=now, silence=timedelta(minutes=settings.STALE_MINUTES)) if got else 0
