"""Asking for leave: the request, its message on the task, and those who hear of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from activity.catalogue import Kind
from activity.models import Event
from activity.services import record
from agents.models import Agent, Mandate
from core.actors import Actor, system
from core.errors import Conflict, Denied
from core.secrets import redact
from governance.models import Approval
from governance.states import BLOCKED, EDGES, NEEDS_APPROVAL, TERMINAL, Right, shown
from notifications.services import Note, post_once
from tasks.models import Comment, Task
from tasks.services import bookkeeping as books
from tasks.services.assigning import assignees_of
from tokens.models import ToolCall

from .by_system import move
from .deciding import expire
from .messages import Saying, write
from .operators import note_to_operator
from .telling import told

DEEPEST_PAYLOAD = 30


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asks leave for. `requestor` is None for people who ask for nobody."""

    requestor: Agent | None
    action_type: str
    summary: str
    risk: str
    justification: str
    task: Task | None = None
    tool_call: ToolCall | None = None
    payload: dict[str, Any] | None = None
    estimated_cost_microusd: int | None = None
    rollback_plan: str | None = None
    lasts: timedelta = Approval.USUAL_TIME
    # Nobody asks twice under one key.
    key: str | None = None


@transaction.atomic
def request_approval(*, request: Request, actor: Actor, now: datetime) -> tuple[Approval, bool]:
    """Ask, and let the task wait for the answer. What is asked for already is returned, with False.

    Raises Conflict for a task that is over, Denied for an agent whose task it is not.
    """
    if request.key and (known := _asked_under(request.key, actor)):
        return known, False
    task = request.task and books.lock(request.task)
    if task is not None:
        _check(task, request.requestor, actor)
        known = Approval.objects.pending().filter(task=task, action_type=request.action_type).first()
        if known is not None and not (known.is_late(now) and expire(approval=known, now=now)):
            return known, False
        task = books.lock(task)
    approval = _store(replace(request, task=task), actor, now)
    if approval is None:
        # Another call under the same key was faster.
        return Approval.objects.get(requested_by=str(actor), idempotency_key=request.key), False
    if task is not None:
        said = Saying(Comment.Type.APPROVAL_REQUEST, _message(approval))
        write(
            task=task, actor=system(task.workspace_id), agent=None, now=now, saying=said,
            metadata={"approvalId": f"approval_{approval.pk}"}, tells=False,
        )  # fmt: skip
        # A budget that is used up leaves a blocked task as it is.
        if shown(task.status) != BLOCKED or actor.kind != "system":
            move(
                task=task,
                to=Task.Status.NEEDS_APPROVAL,
                now=now,
                reason=f"Approval requested: {approval.action_summary}",
            )
    record(*post_once(_notes(approval), actor=actor, now=now), *_told(approval, actor), at=now)
    return approval, True


def _asked_under(key: str, actor: Actor) -> Approval | None:
    rows = Approval.objects.in_workspace(actor.workspace_id)
    return rows.filter(requested_by=str(actor), idempotency_key=key).first()


def _check(task: Task, requestor: Agent | None, actor: Actor) -> None:
    status = shown(task.status)
    if status in TERMINAL:
        raise Conflict(f"The task is {status}", code="STATE_CONFLICT", status=status)
    if requestor is None or actor.kind != "agent":
        return
    autonomy = Mandate.objects.of(requestor).autonomy
    is_own = requestor.pk in {agent.pk for agent in assignees_of([task])[task.pk]}
    if not is_own and autonomy != Mandate.Autonomy.LEAD:
        raise Denied("Only its assignees and leads ask for approvals on a task")
    edge = EDGES.get((status, NEEDS_APPROVAL))
    if status == "REVIEW" and edge is not None and edge.right_of(autonomy) == Right.NO:
        raise Denied(f"An {autonomy} may not ask for approvals on a task in {status}")


def _store(request: Request, actor: Actor, now: datetime) -> Approval | None:
    payload = request.payload and clean(request.payload)
    wanted = (payload or {}).get("targetStatus", "DONE")
    approval = Approval(
        workspace_id=actor.workspace_id,
        task=request.task,
        tool_call=request.tool_call,
        requestor=request.requestor,
        action_type=request.action_type,
        action_summary=redact(request.summary)[0][:500],
        action_payload=payload,
        completes=request.action_type == Approval.ActionType.STATE_TRANSITION and wanted == "DONE",
        risk_level=request.risk,
        estimated_cost_microusd=request.estimated_cost_microusd,
        rollback_plan=request.rollback_plan and redact(request.rollback_plan)[0],
        justification=redact(request.justification)[0],
        expires_at=now + request.lasts,
        requested_by=str(actor),
        idempotency_key=request.key,
        created_at=now,
    )
    try:
        with transaction.atomic():
            approval.save(force_insert=True)
    except IntegrityError:
        if request.key is None or _asked_under(request.key, actor) is None:
            raise
        return None
    return approval


def clean(value: Any, depth: int = 0) -> Any:
    """The value without secrets in any of its texts."""
    if isinstance(value, str):
        return redact(value)[0]
    if isinstance(value, dict) and depth < DEEPEST_PAYLOAD:
        return {str(key): clean(each, depth + 1) for key, each in value.items()}
    if isinstance(value, list) and depth < DEEPEST_PAYLOAD:
        return [clean(each, depth + 1) for each in value]
    return value if value is None or isinstance(value, bool | int | float) else None


def _message(approval: Approval) -> str:
    who = approval.requestor.name if approval.requestor else "Somebody"
    lines = [
        f"{who} asks for approval ({approval.action_type}, {approval.risk_level}): {approval.action_summary}",
        approval.justification,
    ]
    if approval.rollback_plan:
        lines.append(f"Rollback: {approval.rollback_plan}")
    return "\n\n".join(lines)[:10_000]


def _notes(approval: Approval) -> list[Note]:
    """The operator decides everything, leads the yellow ones of others."""
    task = approval.task
    title = f"Approval requested ({approval.action_type}): {approval.action_summary}"[:200]
    notes = note_to_operator(
        approval.workspace_id, type="approval_request", title=title, text=approval.justification, task=task,
        approval_id=approval.pk,
    )  # fmt: skip
    leads = Agent.objects.filter(
        workspace_id=approval.workspace_id,
        mandate__autonomy=Mandate.Autonomy.LEAD,
        mandate__control=Mandate.Control.ACTIVE,
    ).order_by("id")
    source = ("task", task.pk) if task else None
    return notes + [
        Note(lead.name, "approval_request", title, approval.justification, source, approval_id=approval.pk)
        for lead in leads
        if approval.may_be_decided_by_lead(lead)
    ]


def _told(approval: Approval, actor: Actor) -> list[Event]:
    who = approval.requestor.name if approval.requestor else actor.display_name
    return told(
        Kind.APPROVAL_REQUESTED,
        approval,
        actor=actor,
        by=who,
        description=f"{who} asks for approval: {approval.action_summary}",
        data={"action_type": approval.action_type, "risk_level": approval.risk_level},
    )
