"""Tell whoever operates a workspace, once a day, what its agents did."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import transaction

from accounts.models import Workspace
from activity.services import record
from core.actors import system
from governance.days import zone
from governance.services.documents import keep_report
from governance.services.operators import note_to_operator
from governance.states import ASSIGNED, BLOCKED, IN_PROGRESS, REVIEW
from notifications.services import post_once
from system.daily import compile_daily
from system.dailytext import headline, text_of
from tasks.models import Document

from .standup import told


def write_dailies(*, now: datetime) -> int:
    """The reports of today that are due and not there yet; returns how many were written. A workspace whose report
    fails does not keep the others from theirs."""
    local = now.astimezone(zone())
    if local.time() < settings.STANDUP_AT:
        return 0
    written, failed = 0, None
    for id in Workspace.objects.order_by("id").values_list("pk", flat=True):
        try:
            written += write_daily(workspace_id=id, day=local.date(), now=now)
        except Exception as error:  # noqa: BLE001 - raised below, after the others
            failed = error
    if failed is not None:
        raise failed
    return written


@transaction.atomic
def write_daily(*, workspace_id: int, day: date, now: datetime) -> bool:
    """False when it is there already."""
    # Of two processes the second one waits here, and finds what the first has written.
    if Workspace.objects.select_for_update().filter(pk=workspace_id).first() is None:
        return False
    name = f"standup-{day.isoformat()}.md"
    if Document.objects.filter(workspace_id=workspace_id, task=None, name=name).exists():
        return False
    hours = settings.STANDUP_LOOKBACK_HOURS
    daily = compile_daily(
        workspace_id, now=now, lookback=timedelta(hours=hours), tasks=settings.STANDUP_TASKS,
        alerts=settings.STANDUP_ALERTS,
    )  # fmt: skip
    by = system(workspace_id)
    document = keep_report(name=name, content=text_of(daily, day, hours=hours), actor=by, now=now)
    notes = note_to_operator(workspace_id, type="digest", title=f"Standup {day.isoformat()}", text=headline(daily))
    counts = {
        "completed": daily.counts.get("completed", 0),
        "inProgress": daily.counts.get(IN_PROGRESS, 0),
        "assigned": daily.counts.get(ASSIGNED, 0),
        "review": daily.counts.get(REVIEW, 0),
        "blocked": daily.counts.get(BLOCKED, 0),
    }
    story = told(by, day, agent_count=len(daily.workers), tasks=counts, documentId=f"doc_{document.pk}")
    record(story, *post_once(notes, actor=by, now=now), at=now)
    return True
