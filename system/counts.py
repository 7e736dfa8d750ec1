"""The figures of a workspace at a glance. Every one comes from a tally or from the keys of an index."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import connection
from django.db.models import Count, Sum

from activity.models import Event
from agents.models import Agent
from notifications.models import Notification
from tasks.models import Tally
from webhooks.models import Webhook
from workflows.models import PipelineRun

from .services.backups import list_backups
from .sessions import ACTIVE, live_connections

DAY, WEEK = timedelta(days=1), timedelta(days=7)

Counts = dict[str, Any]


def sessions(workspace_id: int, *, now: datetime) -> dict[str, int]:
    """Direct connections that are open, and those of them that were heard of within the hour."""
    live = live_connections(workspace_id)
    return {"total": live.count(), "active": live.filter(last_heartbeat__gte=now - ACTIVE).count()}


def tasks_by_status(workspace_id: int) -> dict[str, int]:
    """By canonical status; those without a task are left out."""
    rows = Tally.objects.filter(workspace_id=workspace_id).values_list("status").annotate(n=Sum("n"))
    return {status: n for status, n in rows if n}


def agents_by_status(workspace_id: int) -> dict[str, int]:
    rows = Agent.objects.in_workspace(workspace_id).values_list("status").annotate(n=Count("id"))
    return dict(rows.order_by("status"))


def audit(workspace_id: int, *, now: datetime) -> dict[str, int]:
    rows = Event.objects.audit(workspace_id).order_by()
    today = rows.filter(at__gte=now - DAY)
    return {
        "day": today.count(),
        "week": rows.filter(at__gte=now - WEEK).count(),
        "loginFailures": today.filter(type="login_failed").count(),
    }


def activities_of_day(workspace_id: int, *, now: datetime) -> int:
    return Event.objects.stories(workspace_id).order_by().filter(at__gte=now - DAY).count()


def unread_notifications(workspace_id: int) -> int:
    return Notification.objects.filter(workspace_id=workspace_id).unread().count()


def newest_backup(*, now: datetime) -> dict[str, Any] | None:
    newest = next(iter(list_backups()), None)
    if newest is None:
        return None
    hours = int(now.timestamp() - newest.created_at) // 3600
    return {"name": newest.name, "size": newest.size, "age_hours": max(hours, 0)}


def database_size() -> int:
    """Bytes of the database, without what waits to be written."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_database_size(current_database())")
            return int(cursor.fetchone()[0])
        file = Path(str(connection.settings_dict["NAME"]))
        if file.is_file():
            return file.stat().st_size
        cursor.execute("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
        return int(cursor.fetchone()[0])


def pipelines(workspace_id: int, *, now: datetime) -> dict[str, int]:
    """Runs that are under way, and those that were begun within the day."""
    runs, status = PipelineRun.objects.filter(workspace_id=workspace_id), PipelineRun.Status
    return {
        "active": runs.filter(status__in=[status.PENDING, status.RUNNING]).count(),
        "recentDay": runs.filter(created_at__gte=now - DAY).count(),
    }


def webhooks(workspace_id: int) -> int:
    return Webhook.objects.filter(workspace_id=workspace_id).count()
