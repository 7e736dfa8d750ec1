"""Celery entry points of the log."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from .housekeeping import fold_back
from .vitals import JOBS, seen


@shared_task
def tell_that_the_worker_lives() -> None:
    """And that it takes jobs, which its reader loop cannot know."""
    seen(JOBS, now=timezone.now())


@shared_task
def fold_back_the_write_ahead_log() -> None:
    fold_back()
