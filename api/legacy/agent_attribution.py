"""The sections of an agent's attribution: who it is, what it did, what it changed, what that cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from django.db.models import QuerySet

from agents.models import Agent
from agents.stories import Span, audited, counted, told_by, told_of
from api.schemas import FLAG, NUMBER, TEXT, WHOLE, each, has, many, maybe
from core.clock import seconds
from tasks.models import Comment, Task
from tokens.of_agents import spending_of

from .agent_report_parts import (
    MODEL_ROW,
    TIMEFRAME,
    TOLD,
    TOTAL,
    Section,
    counts_by_type,
    model_row,
    told_out,
    total_of,
)
from .audit import AUDITED
from .audit import audited as audit_row

MOST = 100
TASK_STORIES = (
    "task_created", "task_updated", "task_deleted", "task_assigned", "task_broadcast", "quality_review",
)  # fmt: skip
STATUS_STORIES = ("agent_status_change", "agent_created")
FINISHED = (Task.Status.DONE, Task.Status.CANCELED, Task.Status.FAILED)


def identity(agent: Agent, span: Span) -> Section:
    """For the life of the agent, whatever the span."""
    counts: Counter[str] = Counter()
    for _, status, n in Task.objects.counts_of(agent.workspace_id, [agent.name]):
        counts[status] += n
    return {
        "id": agent.pk,
        "name": agent.name,
        "role": agent.role,
        "status": agent.status,
        "last_seen": seconds(agent.last_seen),
        "last_activity": agent.last_activity,
        "created_at": seconds(agent.created_at),
        "session_key": agent.session_key,
        "has_soul": bool(agent.soul_content),
        "config_keys": list(agent.config),
        "lifetime_stats": {
            "tasks_total": counts.total(),
            "tasks_completed": counts[Task.Status.DONE],
            "tasks_active": counts.total() - sum(counts[status] for status in FINISHED),
            "comments_authored": _said_by(agent).count(),
        },
    }


def audit(agent: Agent, span: Span) -> Section:
    types = counts_by_type(counted(agent, span))
    return {
        "total_activities": types.total(),
        "by_type": dict(types.most_common()),
        "activities": [told_out(row) for row in told_by(agent, span, most=MOST)],
        "audit_log_entries": [audit_row(row) for row in audited(agent, span, most=MOST)],
    }


def _said_by(agent: Agent) -> QuerySet[Comment]:
    return Comment.objects.filter(workspace_id=agent.workspace_id, author__in=agent.names)


def mutations(agent: Agent, span: Span) -> Section:
    tasks = [told_out(row) for row in told_by(agent, span, types=TASK_STORIES, most=MOST)]
    comments = _said_by(agent).filter(created_at__gte=span.since, created_at__lt=span.until)
    shown = comments.select_related("task").only("task__title", "content", "created_at")
    authored = [_comment(comment) for comment in shown.order_by("-created_at", "-id")[:MOST]]
    changes = [_status_change(row) for row in told_of(agent, span, types=STATUS_STORIES, most=MOST)]
    return {
        "task_mutations": tasks,
        "comments": authored,
        "status_changes": changes,
        "summary": {
            "task_mutations_count": len(tasks),
            "comments_count": len(authored),
            "status_changes_count": len(changes),
        },
    }


def _comment(comment: Comment) -> Section:
    return {
        "id": comment.pk,
        "task_id": comment.task_id,
        "task_title": comment.task.title,
        "content": comment.content,
        "created_at": seconds(comment.created_at),
    }


def _status_change(row: Section) -> Section:
    shown = ("id", "type", "description", "data")
    return {**{key: row[key] for key in shown}, "created_at": seconds(row["at"])}


def cost(agent: Agent, span: Span) -> Section:
    spending = spending_of(agent.workspace_id, agent.name, since=span.since, until=span.until)
    days = [
        {"date": day.key, **{key: value for key, value in model_row(day).items() if key != "model"}}
        for day in spending.days
    ]
    return {
        "by_model": [model_row(line) for line in spending.models],
        "total": total_of(spending.models),
        "daily_trend": days,
    }


SECTIONS: dict[str, Callable[[Agent, Span], Section]] = {
    "identity": identity,
    "audit": audit,
    "mutations": mutations,
    "cost": cost,
}

ATTRIBUTION = has(
    *SECTIONS,
    agent_name=TEXT,
    timeframe=TIMEFRAME,
    access_scope={**TEXT, "enum": ["self", "privileged"]},
    identity=has(
        id=WHOLE, name=TEXT, role=TEXT, status=TEXT, last_seen=maybe(WHOLE), last_activity=maybe(TEXT),
        created_at=WHOLE, session_key=maybe(TEXT), has_soul=FLAG, config_keys=many(TEXT),
        lifetime_stats=has(tasks_total=WHOLE, tasks_completed=WHOLE, tasks_active=WHOLE, comments_authored=WHOLE),
    ),
    audit=has(
        total_activities=WHOLE, by_type=each(WHOLE), activities=many(TOLD), audit_log_entries=many(AUDITED)
    ),
    mutations=has(
        task_mutations=many(TOLD),
        comments=many(has(id=WHOLE, task_id=WHOLE, task_title=TEXT, content=TEXT, created_at=WHOLE)),
        status_changes=many(
            has(id=WHOLE, type=TEXT, description=TEXT, data=maybe({"type": "object"}), created_at=WHOLE)
        ),
        summary=has(task_mutations_count=WHOLE, comments_count=WHOLE, status_changes_count=WHOLE),
    ),
    cost=has(
        by_model=many(MODEL_ROW),
        total=TOTAL,
        daily_trend=many(has(date=TEXT, input_tokens=WHOLE, output_tokens=WHOLE, requests=WHOLE, cost=NUMBER)),
    ),
)  # fmt: skip
