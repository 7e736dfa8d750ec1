"""Where is searched: for each type, the rows of a workspace that contain a text, best and newest first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from django.db import connection
from django.db.models import Case, Q, QuerySet, Value, When

from activity.models import Event
from agents.models import Agent
from chat.models import Message
from core.rows import ask
from tasks.models import Task
from webhooks.models import Webhook
from workflows.models import Pipeline

from .corpora import DESCRIPTION, STORY, TITLE, ids
from .hits import SOMEWHERE, Hit, excerpt, relevance
from .patterns import pattern

# Tables without an index for texts are looked at from their new end, this far.
NEWEST = 20_000
MOST_NAMES = 500
Source = Callable[[str, int, int], list[Hit]]


def tasks(text: str, workspace_id: int, limit: int) -> list[Hit]:
    found = ids(TITLE, text=text, workspace_id=workspace_id, limit=limit)
    if len(found) < limit:
        elsewhere = ids(DESCRIPTION, text=text, workspace_id=workspace_id, limit=limit)
        elsewhere += _assigned(text, workspace_id, limit)
        found += sorted(set(elsewhere) - set(found), reverse=True)[: limit - len(found)]
    rows = Task.objects.filter(id__in=found).only("title", "description", "status", "assigned_to", "created_at")
    return [
        Hit(
            "task",
            row.pk,
            row.title,
            row.created_at,
            relevance(row.title, text),
            {
                "subtitle": f"{_word(row.status)} {f'· {row.assigned_to}' if row.assigned_to else ''}",
                **excerpt(row.description, text),
            },
        )
        for row in rows
    ]


def _word(status: str) -> str:
    """As the list of tasks names it."""
    S = Task.Status
    if status in (S.NEEDS_APPROVAL, S.BLOCKED):
        status = S.AWAITING_OWNER
    return (S.DONE if status == S.CANCELED else status).lower()


def _assigned(text: str, workspace_id: int, limit: int) -> list[int]:
    here = Task.objects.in_workspace(workspace_id)
    names = here.filter(assigned_to__icontains=text).order_by("assigned_to").values_list("assigned_to", flat=True)
    some = list(names.distinct()[:MOST_NAMES])
    return list(here.filter(assigned_to__in=some).order_by("-id").values_list("id", flat=True)[:limit]) if some else []


def agents(text: str, workspace_id: int, limit: int) -> list[Hit]:
    here = Agent.objects.in_workspace(workspace_id)
    found = here.filter(Q(name__icontains=text) | Q(role__icontains=text) | Q(last_activity__icontains=text))
    rows = _named_first(found, text).only("name", "role", "status", "last_activity", "created_at")[:limit]
    return [
        Hit(
            "agent",
            row.pk,
            row.name,
            row.created_at,
            relevance(row.name, text),
            {"subtitle": f"{row.role} · {row.status}", "excerpt": row.last_activity},
        )
        for row in rows
    ]


def activities(text: str, workspace_id: int, limit: int) -> list[Hit]:
    found = ids(STORY, text=text, workspace_id=workspace_id, limit=limit)
    rows = Event.objects.filter(id__in=found).only("description", "actor", "at")
    return [
        Hit("activity", row.pk, row.description, row.at, SOMEWHERE, {"subtitle": f"by {row.actor}"}) for row in rows
    ]


def audit(text: str, workspace_id: int, limit: int) -> list[Hit]:
    detail = "data->>'detail'" if connection.vendor == "postgresql" else "json_extract(data, '$.detail')"
    newest = (
        f"SELECT id, type, actor, {detail} AS detail FROM activity_event"
        f" WHERE workspace_id = %s AND kind = 'audit.recorded' ORDER BY at DESC, id DESC LIMIT {NEWEST}"
    )
    return _audit_hits(_looked_at(newest, ("type", "actor", "detail"), text, workspace_id, limit), text)


def _audit_hits(found: list[int], text: str) -> list[Hit]:
    hits = []
    for row in Event.objects.filter(id__in=found).only("type", "actor", "at", "data"):
        detail = (row.data or {}).get("detail")
        body = detail if isinstance(detail, str) or detail is None else orjson.dumps(detail).decode()
        more = {"subtitle": f"by {row.actor}", **excerpt(body, text)}
        hits.append(Hit("audit", row.pk, row.type, row.at, SOMEWHERE, more))
    return hits


def messages(text: str, workspace_id: int, limit: int) -> list[Hit]:
    newest = (
        "SELECT id, content, from_agent FROM chat_message"
        f" WHERE workspace_id = %s ORDER BY created_at DESC, id DESC LIMIT {NEWEST}"
    )
    found = _looked_at(newest, ("content", "from_agent"), text, workspace_id, limit)
    rows = Message.objects.in_workspace(workspace_id).filter(id__in=found)
    return [
        Hit(
            "message",
            row.pk,
            f"{row.from_agent} → {row.to_agent or 'all'}",
            row.created_at,
            SOMEWHERE,
            {"subtitle": row.conversation.key, **excerpt(row.content, text)},
        )
        for row in rows
    ]


def _looked_at(newest: str, columns: tuple[str, ...], text: str, workspace_id: int, limit: int) -> list[int]:
    like = "ILIKE" if connection.vendor == "postgresql" else "LIKE"
    contains = " OR ".join(f"t.{column} {like} %s ESCAPE '\\'" for column in columns)
    statement = f"SELECT t.id FROM ({newest}) t WHERE {contains} ORDER BY t.id DESC LIMIT %s"
    return [id for (id,) in ask(statement, [workspace_id, *[pattern(text)] * len(columns), limit])]


def webhooks(text: str, workspace_id: int, limit: int) -> list[Hit]:
    found = Webhook.objects.in_workspace(workspace_id).filter(Q(name__icontains=text) | Q(url__icontains=text))
    return [
        Hit("webhook", row.pk, row.name, row.created_at, relevance(row.name, text), {"subtitle": row.url})
        for row in _named_first(found, text)[:limit]
    ]


def pipelines(text: str, workspace_id: int, limit: int) -> list[Hit]:
    here = Pipeline.objects.in_workspace(workspace_id)
    found = here.filter(Q(name__icontains=text) | Q(description__icontains=text))
    return [
        Hit("pipeline", row.pk, row.name, row.created_at, relevance(row.name, text), excerpt(row.description, text))
        for row in _named_first(found, text)[:limit]
    ]


def _named_first(rows: QuerySet[Any], text: str) -> QuerySet[Any]:
    first = Case(When(name__icontains=text, then=Value(0)), default=Value(1))
    return rows.order_by(first, "-created_at", "-id")


# In this order; each is asked for as many as the answer may hold.
SOURCES: dict[str, Source] = {
    "task": tasks,
    "agent": agents,
    "activity": activities,
    "audit": audit,
    "message": messages,
    "webhook": webhooks,
    "pipeline": pipelines,
}
