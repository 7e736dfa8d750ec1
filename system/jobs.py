"""Celery entry points of the schedule."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from governance.services.duties import do_alone

from .services.daily import write_dailies
from .services.scheduler import run_due


@shared_task
def run_what_is_due() -> list[str]:
    return run_due(now=timezone.now())


@shared_task
def write_standups() -> int:
    return do_alone("standup", lambda now: write_dailies(now=now), now=timezone.now())
