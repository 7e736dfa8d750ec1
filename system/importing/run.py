"""The whole import, in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from django.core.management.color import no_style
from django.db import connection, transaction
from rich.progress import Progress

from accounts.services import access_changed, open_default_workspace
from activity.audit import record_audit
from activity.models import Reader
from core.actors import system
from system.search.indexing import rebuild

from . import history, people, rules, spending, talk, work
from .report import Report
from .source import NotASource, Source
from .transfer import Transfer

# In this order: each needs what the ones before have brought. History comes last, when all that it names is here.
STEPS: tuple[Callable[[Transfer], None], ...] = (
    people.bring_workspaces, people.bring_users, people.bring_agents, people.bring_keys,
    work.bring_projects, work.bring_memberships, work.bring_tasks,
    talk.bring_comments, talk.bring_subscriptions, talk.bring_reviews,
    rules.bring_webhooks, rules.bring_alerts, rules.bring_workflows, rules.bring_pipelines,
    talk.bring_messages, talk.bring_notifications,
    spending.bring_usage, history.bring_history,
)  # fmt: skip
MODELS_WITH_IDS_OF_THERE = ("agents", "accounts", "projects", "tasks", "webhooks", "alerts", "workflows", "chat",
                            "notifications")  # fmt: skip
ALIVE = timedelta(seconds=60)


def import_from(path: Path, *, name: str, dry_run: bool, now: datetime, progress: Progress) -> Report:
    """Bring over what is new. A dry run does the same work and keeps nothing of it."""
    _check_stopped(now)
    report = Report()
    source = Source(path, report)
    with transaction.atomic():
        open_default_workspace()
        transfer = Transfer(source, report, name=name, now=now, progress=progress)
        for step in STEPS:
            step(transfer)
        transfer.remember()
        _count_ids_on()
        actor = system(open_default_workspace().pk)
        record_audit("data_import", actor=actor, at=now, detail={"source": name, **report.summary()})
        access_changed(actor=actor, what="workspace", id=actor.workspace_id)
        if dry_run:
            transaction.set_rollback(True)
    if not dry_run:
        rebuild(now=now)
    return report


def _check_stopped(now: datetime) -> None:
    """Processes remember how far they have read the log, and the import moves it under their feet."""
    if Reader.objects.filter(name="worker", seen_at__gt=now - ALIVE).exists():
        raise NotASource("Stop the server first (its worker was seen within the last minute)")


def _count_ids_on() -> None:
    """PostgreSQL does not notice ids that were given by hand."""
    from django.apps import apps

    models = [model for label in MODELS_WITH_IDS_OF_THERE for model in apps.get_app_config(label).get_models()]
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), models):
            cursor.execute(statement)
