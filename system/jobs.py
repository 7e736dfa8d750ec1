"""Celery entry points of the schedule."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from .services.scheduler import run_due


@shared_task
def run_what_is_due() -> list[str]:
    return run_due(now=timezone.now())
