"""Celery entry points of governance. Each may run at any time, twice at once, and be killed in between."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from celery import shared_task
from celery.signals import task_failure, task_success
from django.conf import settings
from django.utils import timezone

from .services import budgets, deciding, detecting, duties, liveness


@shared_task
def expire_approvals() -> int:
    return duties.do_alone("approval expirer", lambda now: deciding.expire_due(now=now), now=timezone.now())


@shared_task
def watch_budgets() -> int:
    return duties.do_alone("budget monitor", _budgets, now=timezone.now())


def _budgets(now: datetime) -> int:
    return budgets.watch_budgets(now=now) + len(liveness.end_timed(now=now))


@shared_task
def find_loops() -> int:
    return duties.do_alone("loop detector", lambda now: detecting.find_loops(now=now), now=timezone.now())


@shared_task
def watch_agents() -> int:
    silence = timedelta(minutes=settings.OFFLINE_MINUTES)
    return duties.do_alone("liveness", lambda now: liveness.watch_agents(now=now, silence=silence), now=timezone.now())


@task_failure.connect
def _note_failure(sender: Any, exception: BaseException, **_: Any) -> None:
    """Of any job, of whatever app."""
    duties.note_failure(sender.name, exception, timezone.now())


@task_success.connect
def _note_success(sender: Any, **_: Any) -> None:
    duties.note_success(sender.name)
