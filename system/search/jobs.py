"""Celery entry points of the search."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from .indexing import index_news


@shared_task
def take_in_what_is_new() -> None:
    index_news(now=timezone.now())
