"""Objects as the dialect shows them: every documented field is there, unset ones as null, [] or {}."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from agents.models import Agent
from core.ids import parse_ref
from governance.policy import Budget
from governance.states import BLOCKED, NEEDS_APPROVAL, seen
from governance.states import shown as status_shown
from realtime.portraits import agents_out as agents_out
from realtime.wire.v1 import moment as moment
from realtime.wire.v1 import usd as usd
from tasks.models import Brief, Comment, Document, Task, Transition
from tasks.services.assigning import assignees_of

from .ids import human, shown

CONTENT_IN_LISTS = 2000


def budget_out(budget: Budget) -> dict[str, Any]:
    """What an agent may spend today, and has."""
    return {
        "daily": usd(budget.daily, 2),
        "spentToday": usd(budget.spent_today),
        "remaining": usd(budget.remaining),
        "perRunCap": usd(budget.per_run_cap, 2),
    }


def tasks_out(tasks: Sequence[Task], *, whole: bool = False) -> list[dict[str, Any]]:
    """With a constant number of queries. In lists the text of deliverables is cut, unless `whole`."""
    briefs = Brief.objects.select_related("creator_agent", "reviewer").in_bulk([task.pk for task in tasks])
    assignees = assignees_of(tasks)
    found = [_task(task, briefs.get(task.pk) or Brief(task=task), assignees[task.pk], whole) for task in tasks]
    return _with_creators(found, tasks)


def _with_creators(shapes: list[dict[str, Any]], tasks: Sequence[Task]) -> list[dict[str, Any]]:
    """Of tasks that came by another way than this dialect, or from a program: whoever made their first move."""
    nobodys = [
        task.pk
        for shape, task in zip(shapes, tasks, strict=True)
        if shape["creatorAgentId"] is shape["creatorUserId"] is None
    ]
    first = Transition.objects.filter(task_id__in=nobodys, was="").values_list("task_id", "actor") if nobodys else ()
    makers = dict(first)
    slugs = slugs_of(makers.values())
    for shape, task in zip(shapes, tasks, strict=True):
        if task.pk in makers:
            kind, id = parse_ref(makers[task.pk])
            shape["creatorAgentId"] = slugs.get(id) if kind == "agent" else None
            shape["creatorUserId"] = human(kind, id)
    return shapes


def task_out(task: Task) -> dict[str, Any]:
    return tasks_out([task], whole=True)[0]


def _task(task: Task, brief: Brief, assignees: list[Agent], whole: bool) -> dict[str, Any]:
    status = seen(task.status, is_given=bool(assignees))
    shape = {
        "id": shown("task", task.pk),
        "title": task.title,
        "description": task.description,
        "type": task.type,
        "status": status,
        "priority": task.priority,
        "creatorAgentId": brief.creator_agent.slug if brief.creator_agent else None,
        "creatorUserId": shown("user", brief.creator_user_id),
        "assigneeIds": [agent.slug for agent in assignees],
        "reviewerId": brief.reviewer.slug if brief.reviewer else None,
        "parentTaskId": shown("task", task.parent_id),
        "workPlan": brief.work_plan,
        "deliverable": brief.deliverable,
        "reviewChecklist": brief.review_checklist,
        "reviewCycles": brief.review_cycles,
        "estimatedCost": usd(brief.estimated_cost_microusd),
        "actualCost": usd(brief.actual_cost_microusd),
        "costSummary": brief.cost_summary,
        "completion": brief.completion,
        # The other dialect moves tasks without a word about these.
        "blockedReason": (brief.blocked_reason or _failure(task)) if status == BLOCKED else None,
        "resumeStatus": brief.resume_status if status == NEEDS_APPROVAL else None,
        "dueAt": moment(task.due_at),
        "startedAt": moment(brief.started_at),
        "submittedAt": moment(brief.submitted_at),
        "completedAt": moment(task.completed_at),
        "labels": task.tags,
        "metadata": task.metadata,
        "redactedFields": brief.redacted_fields,
        "createdAt": moment(task.created_at),
        "updatedAt": moment(task.updated_at),
    }
    return shape if whole else _cut(shape)


def _failure(task: Task) -> str | None:
    return f"failed: {task.error_message or 'no reason given'}" if task.status == Task.Status.FAILED else None


def _cut(shape: dict[str, Any]) -> dict[str, Any]:
    deliverable = shape["deliverable"]
    if not deliverable:
        return shape
    artifacts = [_shortened(artifact) for artifact in deliverable.get("artifacts") or []]
    return {**shape, "deliverable": {**_shortened(deliverable), "artifacts": artifacts}}


def _shortened(piece: dict[str, Any]) -> dict[str, Any]:
    content = piece.get("content") or ""
    if len(content) <= CONTENT_IN_LISTS:
        return piece
    return {**piece, "content": content[:CONTENT_IN_LISTS], "contentTruncated": True}


def transition_out(row: Transition, slugs: dict[int, str]) -> dict[str, Any]:
    """`slugs` of agents by id; see `slugs_of`."""
    kind, id = parse_ref(row.actor) if ":" in row.actor else (row.actor, 0)
    return {
        "id": shown("trans", row.pk),
        "taskId": shown("task", row.task_id),
        "fromStatus": status_shown(row.was) if row.was else None,
        "toStatus": status_shown(row.now),
        "actorType": ACTOR_TYPES.get(kind, "SYSTEM"),
        "actorAgentId": slugs.get(id) if kind == "agent" else None,
        "actorUserId": human(kind, id),
        "reason": row.reason or None,
        "sessionKey": row.session_key or None,
        "validationResult": {"valid": True, "errors": []},
        "artifactsSnapshot": row.artifacts or {},
        "createdAt": moment(row.at),
    }


ACTOR_TYPES = {"agent": "AGENT", "user": "USER", "key": "USER"}


def slugs_of(actors: Iterable[str]) -> dict[int, str]:
    """The slugs of the agents among these actors, as the log writes them."""
    ids = {id for kind, id in map(parse_ref, actors) if kind == "agent"}
    return dict(Agent.objects.filter(id__in=ids).values_list("id", "slug")) if ids else {}


def message_out(row: Comment, slugs: dict[int, str]) -> dict[str, Any]:
    kind, id = parse_ref(row.actor)
    return {
        "id": shown("msg", row.pk),
        "taskId": shown("task", row.task_id),
        "authorAgentId": slugs.get(id) if kind == "agent" else None,
        "authorUserId": human(kind, id),
        "type": row.type,
        "content": row.content,
        "artifacts": row.artifacts,
        "mentions": row.mentions,
        "replyToId": shown("msg", row.parent_id),
        "metadata": row.metadata,
        "redactedFields": row.redacted_fields,
        "createdAt": moment(row.created_at),
        "editedAt": None,
    }


def document_out(row: Document, *, with_content: bool = False) -> dict[str, Any]:
    return {
        "id": shown("doc", row.pk),
        "taskId": shown("task", row.task_id),
        "agentId": row.agent.slug if row.agent else None,
        "name": row.name,
        "type": row.type,
        "mimeType": row.mime_type,
        "content": row.content if with_content else None,
        "storageUrl": row.storage_url,
        "sizeBytes": row.size_bytes,
        "checksum": row.checksum,
        "isRedacted": row.redaction_note is not None,
        "redactionNote": row.redaction_note,
        "version": row.version,
        "previousVersionId": shown("doc", row.previous_id),
        "createdAt": moment(row.created_at),
    }
