"""Objects as the dialect shows them: every documented field is there, unset ones as null, [] or {}."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone

from agents.models import Agent, Mandate
from core.ids import parse_ref
from core.money import dollars
from governance.days import next_midnight
from governance.models import Policy
from governance.policy import Budget
from governance.services.allowances import allowance_by, has_own_figures
from governance.services.policies import active_policies, nearest_of
from governance.states import BLOCKED, NEEDS_APPROVAL, seen
from governance.states import shown as status_shown
from tasks.models import Brief, Comment, Document, Task, Transition
from tasks.services.assigning import assignees_of

from .ids import human, shown

CONTENT_IN_LISTS = 2000


def moment(at: datetime | None) -> str | None:
    # Rows hold UTC. Written by `%Y`, which takes ten times as long, years before 1000 would lack a digit.
    return None if at is None else f"{at.isoformat()[:19]}Z"


def usd(micro: int | None, digits: int = 6) -> float | None:
    return None if micro is None else dollars(micro, digits)


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


def agents_out(agents: Sequence[Agent]) -> list[dict[str, Any]]:
    mandates = Mandate.objects.select_related("parent").in_bulk([agent.pk for agent in agents])
    found = [(agent, mandates.get(agent.pk) or Mandate(agent=agent)) for agent in agents]
    needed = {agent.workspace_id for agent, mandate in found if not has_own_figures(mandate)}
    policies = {id: list(active_policies(id)) for id in needed}
    return [
        _agent(agent, mandate, nearest_of(policies.get(agent.workspace_id, ()), agent=agent.slug, task_type=None))
        for agent, mandate in found
    ]


def _agent(agent: Agent, mandate: Mandate, policy: Policy | None) -> dict[str, Any]:
    now, allowance = timezone.now(), allowance_by(mandate, policy)
    return {
        "id": agent.slug,
        "name": agent.name,
        "emoji": mandate.emoji,
        "role": mandate.autonomy,
        "status": mandate.control,
        "health": mandate.health,
        "workspacePath": agent.workspace_path or "",
        "soulVersionHash": agent.content_hash,
        "allowedTaskTypes": mandate.allowed_task_types,
        "allowedTools": mandate.allowed_tools,
        "budgetDaily": usd(allowance.today - mandate.extra_microusd, 2),
        "budgetPerRun": usd(allowance.per_run, 2),
        "spendToday": usd(0 if mandate.is_reset_due(now) else mandate.spend_today_microusd),
        "spendResetAt": moment(_next_reset(mandate, now)),
        "canSpawn": mandate.can_spawn,
        "maxSubAgents": mandate.max_sub_agents,
        "parentAgentId": mandate.parent.slug if mandate.parent else None,
        "currentTaskId": shown("task", mandate.current_task_id),
        "lastHeartbeatAt": moment(max(filter(None, (mandate.heartbeat_at, agent.last_seen)), default=None)),
        "lastError": mandate.last_error,
        "errorStreak": mandate.error_streak,
        "statusReason": mandate.status_reason,
        "statusUntil": moment(mandate.status_until),
        "metadata": mandate.metadata,
        "createdAt": moment(agent.created_at),
        "updatedAt": moment(agent.updated_at),
    }


def _next_reset(mandate: Mandate, now: datetime) -> datetime:
    """What is due counts as done, whoever has not done it yet."""
    due = mandate.spend_reset_at
    return next_midnight(now) if due is None or due <= now else due
