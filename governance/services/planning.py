"""Changes of a task that are no moves: what it says, whose it is, what is planned and handed in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
from django.db import transaction

from agents.models import Agent
from core.actors import Actor
from core.errors import Conflict, Denied, Invalid
from governance.states import INBOX
from tasks.models import Task
from tasks.services import Move, update_task
from tasks.services import bookkeeping as books

from .assigning import assign
from .claiming import check_giving, settled
from .documents import keep_artifacts, with_originals
from .redacting import joined, redacted
from .situation import Situation, look

LARGEST_METADATA = 16 * 1024
# Columns of the task, by the names of the fields.
COLUMNS = {"title": "title", "description": "description", "priority": "priority", "due_at": "due_at", "labels": "tags"}
TEXTS = frozenset({*COLUMNS, "estimated_cost_microusd"})
PARTS = frozenset({"work_plan", "deliverable"})
OF_ASSIGNEES = PARTS | {"labels", "metadata"}
OF_CREATORS = TEXTS | {"metadata"}
WHEN_OVER = frozenset({"labels", "metadata"})
OF_BRIEF = ("work_plan", "deliverable", "estimated_cost_microusd", "reviewer")
OUTSIDE = {
    "due_at": "dueAt", "work_plan": "workPlan", "reviewer": "reviewerId",
    "estimated_cost_microusd": "estimatedCost", "assignees": "assigneeIds",
}  # fmt: skip


@transaction.atomic
def plan_task(*, task: Task, actor: Actor, agent: Agent | None, now: datetime, fields: dict[str, Any]) -> Task:
    """Set these fields, each by who may: people and leads all, others those of their own work. `assignees` and
    `reviewer` are agents, `metadata` is merged, None taking a key away.

    Raises Denied, Conflict for a task that is over or that another agent was faster to claim, and Invalid.
    """
    here = look(books.lock(task), actor=actor, agent=agent)
    rest = dict(fields)
    assignees: Sequence[Agent] | None = rest.pop("assignees", None)
    if assignees is not None and not settled(here, assignees):
        if here.is_over:
            raise _over(here)
        check_giving(here, assignees)
        assign(task=here.task, agents=assignees, actor=actor, now=now)
        here = look(books.lock(task), actor=actor, agent=agent)
    _check(here, rest)
    if rest:
        _set(here, rest, now)
    return Task.objects.select_related("project").get(pk=task.pk)


def _check(here: Situation, fields: dict[str, Any]) -> None:
    if here.agent is not None and not here.is_lead:
        allowed: frozenset[str] = OF_ASSIGNEES if here.is_own else frozenset()
        if here.status == INBOX and here.brief.creator_agent_id == here.agent.pk:
            allowed |= OF_CREATORS
        if refused := [OUTSIDE.get(name, name) for name in fields if name not in allowed]:
            raise Denied(f"You may not change {', '.join(refused)} of this task")
    if here.is_over and fields.keys() - WHEN_OVER:
        raise _over(here)


def _over(here: Situation) -> Conflict:
    message = f"The task is {here.status}: only its labels and metadata may change"
    return Conflict(message, code="STATE_CONFLICT", status=here.status)


def _set(here: Situation, fields: dict[str, Any], now: datetime) -> None:
    clean, found = redacted(fields)
    columns = {COLUMNS[name]: value for name, value in clean.items() if name in COLUMNS}
    if "metadata" in clean:
        columns["metadata"] = _merged(here.task.metadata, clean["metadata"])
    changed = {name: value for name, value in columns.items() if getattr(here.task, name) != value}
    parts = {name: clean[name] for name in OF_BRIEF if name in clean and clean[name] != getattr(here.brief, name)}
    if not changed and not parts:
        return
    if "deliverable" in parts:
        parts["deliverable"] = _stored(here, parts["deliverable"], fields["deliverable"], now)
    brief = here.brief
    for name, value in parts.items():
        setattr(brief, name, value)
    brief.redacted_fields = joined(brief.redacted_fields, [OUTSIDE.get(name, name) for name in found])
    brief.save(update_fields=[*parts, "redacted_fields"])
    sent = {OUTSIDE.get(name, name): value for name, value in clean.items() if name in COLUMNS and name != "due_at"}
    update_task(task=here.task, actor=here.actor, now=now, changes=changed, sent=sent, move=Move())


def _stored(
    here: Situation, clean: dict[str, Any] | None, given: dict[str, Any], now: datetime
) -> dict[str, Any] | None:
    if clean is None:
        return None
    files = with_originals(clean["artifacts"], given["artifacts"])
    artifacts = keep_artifacts(task=here.task, actor=here.actor, agent=here.agent, now=now, artifacts=files)
    return {**clean, "artifacts": artifacts}


def _merged(before: Any, changes: dict[str, Any]) -> dict[str, Any]:
    merged = {**(before if isinstance(before, dict) else {}), **changes}
    merged = {key: value for key, value in merged.items() if value is not None}
    if len(orjson.dumps(merged)) > LARGEST_METADATA:
        raise Invalid.fields("metadata: must be at most 16 KiB")
    return merged
