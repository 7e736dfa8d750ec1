"""Celery entry points of accounts."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from .models import Session
from .services.calls import forget_calls


@shared_task
def forget_old_sessions() -> int:
    gone, _ = Session.objects.filter(expire_date__lt=timezone.now()).delete()
    return gone


@shared_task
def forget_old_calls() -> int:
    return forget_calls(now=timezone.now())
