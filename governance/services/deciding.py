"""What becomes of requests: decided, canceled or run out of time; and where their tasks go then."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from activity.catalogue import Kind
from activity.services import record
from agents.models import Agent, Mandate
from core.actors import Actor, Role, system
from core.errors import Conflict, Denied
from core.secrets import redact
from governance.models import Approval
from notifications.services import Note, post_once
from tasks.models import Brief, Task
from tasks.services import bookkeeping as books

from . import allowances
from .by_system import move
from .completing import by_approval, ends_its_task
from .seconding import note_first, wants_a_second
from .telling import told

STATUS = Approval.Status
EXPIRY_REASON = "Approval expired undecided"
KINDS = {
    STATUS.APPROVED: Kind.APPROVAL_DECIDED,
    STATUS.DENIED: Kind.APPROVAL_DECIDED,
    STATUS.EXPIRED: Kind.APPROVAL_EXPIRED,
    STATUS.CANCELED: Kind.APPROVAL_CANCELED,
}


def decide(
    *,
    approval: Approval,
    decision: str,
    actor: Actor,
    now: datetime,
    reason: str | None = None,
    lead: Agent | None = None,
) -> Approval:
    """Grant or refuse it. `lead` is the agent that decides, None for people.

    Raises Denied for those who may not, Conflict when it is over: decided by somebody else, or too late.
    """
    _check_decider(approval, actor, lead)
    if approval.is_late(now) and expire(approval=approval, now=now):
        raise Conflict("The approval has expired", code="APPROVAL_EXPIRED")
    return _decide(approval, decision, actor, now, reason and redact(reason)[0], lead)


def _check_decider(approval: Approval, actor: Actor, lead: Agent | None) -> None:
    if actor.kind != "agent":
        if not actor.can(Role.OPERATOR):
            raise Denied("Deciding needs an operator")
        return
    if lead is None or Mandate.objects.of(lead).autonomy != Mandate.Autonomy.LEAD:
        raise Denied("Only leads and people decide approvals")
    if not approval.may_be_decided_by_lead(lead):
        raise Denied("A lead decides YELLOW requests of others, no budgets and no task's end")


@transaction.atomic
def _decide(
    approval: Approval, decision: str, actor: Actor, now: datetime, reason: str | None, lead: Agent | None
) -> Approval:
    _lock_agents(approval)
    _hold_task(approval)
    if wants_a_second(approval, decision, actor, lead):
        is_first = note_first(approval, actor, now, reason)
        return approval if is_first or approval.is_pending else _as_it_is(approval, decision, actor)
    changes = {
        "status": decision,
        "decided_by": str(actor),
        "decided_by_agent": lead,
        "decided_at": now,
        "decision_reason": reason,
    }
    if not Approval.objects.filter(pk=approval.pk, status=STATUS.PENDING, expires_at__gt=now).update(**changes):
        return _as_it_is(approval, decision, actor)
    approval.refresh_from_db()
    if decision == STATUS.APPROVED and approval.action_type == Approval.ActionType.BUDGET_OVERRIDE:
        allowances.grant(approval=approval, actor=actor, now=now)
    _finish(approval, actor, now)
    return approval


def _hold_task(approval: Approval) -> None:
    """Before its approvals: whoever moves a task takes them in this order."""
    if approval.task is not None:
        books.lock(approval.task)


def _lock_agents(approval: Approval) -> None:
    """Before the approval and its task: whoever books costs takes them in this order."""
    if approval.action_type == Approval.ActionType.BUDGET_OVERRIDE and approval.requestor_id:
        allowances.lock(approval.requestor_id)
    if approval.task is not None and approval.completes:
        allowances.lock_workers(approval.task)


def _as_it_is(approval: Approval, decision: str, actor: Actor) -> Approval:
    """Saying the same again changes nothing; anything else comes too late."""
    approval.refresh_from_db()
    if approval.status == decision and approval.decided_by == str(actor):
        return approval
    if approval.status == STATUS.EXPIRED:
        raise Conflict("The approval has expired", code="APPROVAL_EXPIRED")
    raise Conflict(f"The approval is {approval.status} already", code="ALREADY_DECIDED")


@transaction.atomic
def cancel(*, approval: Approval, actor: Actor, now: datetime, reason: str | None = None) -> Approval:
    """Take it back. Repeated, it changes nothing. Raises Conflict when it was decided."""
    _hold_task(approval)
    changes = {"status": STATUS.CANCELED, "decided_at": now, "decided_by": str(actor), "decision_reason": reason}
    claimed = Approval.objects.filter(pk=approval.pk, status=STATUS.PENDING).update(**changes)
    approval.refresh_from_db()
    if claimed:
        _finish(approval, actor, now)
    elif approval.status != STATUS.CANCELED:
        raise Conflict(f"The approval is {approval.status} already", code="ALREADY_DECIDED")
    return approval


@transaction.atomic
def cancel_pending(
    *, actor: Actor, now: datetime, task: Task | None = None, requestor: Agent | None = None, reason: str, **where: Any
) -> int:
    """Those of a task that moved on, or of an agent that was stopped. `where` narrows them further."""
    rows = Approval.objects.pending().filter(workspace_id=actor.workspace_id, **where)
    rows = rows.filter(task=task) if task is not None else rows.filter(requestor=requestor)
    canceled = 0
    for approval in rows.select_related("requestor", "task").order_by("id"):
        canceled += cancel(approval=approval, actor=actor, now=now, reason=reason).status == STATUS.CANCELED
    return canceled


@transaction.atomic
def expire(*, approval: Approval, now: datetime) -> bool:
    """Nobody decided in time. False when somebody did after all, or another process said so before."""
    _hold_task(approval)
    late = Approval.objects.undecided_at(now).filter(pk=approval.pk)
    claimed = late.update(status=STATUS.EXPIRED, decided_at=now)
    approval.refresh_from_db()
    if claimed:
        _finish(approval, system(approval.workspace_id), now)
    return bool(claimed) or approval.status == STATUS.EXPIRED


def expire_due(
    *, now: datetime, workspace_id: int | None = None, task_id: int | None = None, at_most: int = 500
) -> int:
    """All that nobody decided in time; each in a transaction of its own."""
    rows = Approval.objects.undecided_at(now)
    if workspace_id is not None:
        rows = rows.in_workspace(workspace_id)
    if task_id is not None:
        rows = rows.filter(task_id=task_id)
    waiting = list(rows.select_related("requestor", "task").order_by("expires_at")[:at_most])
    return sum(expire(approval=approval, now=now) for approval in waiting)


def _finish(approval: Approval, actor: Actor, now: datetime) -> None:
    """Tell of it, and let the task go on when nothing else is pending."""
    word = approval.status.lower()
    events = told(
        KINDS[STATUS(approval.status)],
        approval,
        actor=actor,
        by=actor.display_name,
        description=f"Approval {word}: {approval.action_summary}",
        data={"status": approval.status, "reason": approval.decision_reason},
    )
    if approval.requestor is not None and approval.status != STATUS.CANCELED:
        source = ("task", approval.task_id) if approval.task_id else None
        title = f"Approval {word} ({approval.action_type}): {approval.action_summary}"[:200]
        text = approval.decision_reason or title
        note = Note(approval.requestor.name, "approval_decided", title, text, source, approval_id=approval.pk)
        events += post_once([note], actor=actor, now=now)
    record(*events, at=now)
    if approval.task is not None:
        settle(task=approval.task, now=now)


def settle(*, task: Task, now: datetime) -> Task:
    """Where the task goes once nothing is pending: back, on to done, or nowhere until somebody looks at it."""
    task = books.lock(task)
    if task.status != Task.Status.NEEDS_APPROVAL or Approval.objects.pending().filter(task=task).exists():
        return task
    entered = task.transitions.filter(now=Task.Status.NEEDS_APPROVAL).order_by("-id").first()
    decided = Approval.objects.filter(task=task, decided_at__isnull=False)
    if entered is not None:
        decided = decided.filter(Q(decided_at__gte=entered.at) | Q(created_at__gte=entered.at))
    outcomes = list(decided.order_by("id"))
    if denied := next((each for each in outcomes if each.status == STATUS.DENIED), None):
        reason = f"Approval denied: {denied.decision_reason or denied.action_summary}"
        return move(task=task, to=Task.Status.BLOCKED, now=now, reason=reason)
    if any(each.status == STATUS.EXPIRED for each in outcomes):
        return move(task=task, to=Task.Status.BLOCKED, now=now, reason=EXPIRY_REASON)
    back = Brief.objects.of(task).resume_status or (entered.was if entered else None) or Task.Status.INBOX
    if back == Task.Status.REVIEW and (last := ends_its_task(outcomes)):
        return move(task=task, to=Task.Status.DONE, now=now, completion=by_approval(last, now=now))
    reason = ""
    if back == Task.Status.BLOCKED:
        before = task.transitions.filter(now=back).order_by("-id").first()
        reason = before.reason if before else ""
    return move(task=task, to=back, now=now, reason=reason)
