"""Keep the report of a day."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.db import transaction

from activity.models import Event
from activity.services import record, story
from core.actors import Actor
from core.ids import ref
from system.models import StandupReport


@transaction.atomic
def keep_standup(
    *, actor: Actor, now: datetime, day: date, report: dict[str, Any], summary: dict[str, int], agent_count: int
) -> StandupReport:
    """Store the report of a day in place of an earlier one of the same day, and tell that it was made."""
    kept, _ = StandupReport.objects.update_or_create(
        workspace_id=actor.workspace_id,
        date=day,
        defaults={"report": report, "summary": summary, "agent_count": agent_count, "created_at": now},
    )
    tasks = {
        "completed": summary["totalCompleted"],
        "inProgress": summary["totalInProgress"],
        "assigned": summary["totalAssigned"],
        "review": summary["totalReview"],
        "blocked": summary["totalBlocked"],
    }
    record(told(actor, day, agent_count=agent_count, tasks=tasks), at=now)
    return kept


def told(actor: Actor, day: date, *, agent_count: int, tasks: dict[str, int], **more: Any) -> Event:
    return story(
        "standup_generated",
        by=actor.username,
        subject=ref("standup", 0),
        workspace_id=actor.workspace_id,
        description=f"Standup generated for {day.isoformat()}",
        data={"date": day.isoformat(), "agentCount": agent_count, "tasksSummary": tasks, **more},
    )
