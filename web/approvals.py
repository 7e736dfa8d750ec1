"""The inbox of approvals: what agents wait for, soonest to expire first, and what was decided."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from core.actors import Role
from core.errors import Conflict, Invalid, NotFound
from governance.models import URGENT, Approval
from governance.services import deciding
from web import words

from .gate import PageRequest, page
from .inbox import AT_MOST, DECIDED, DENIED, Timed, decision_in, rights_of, too_late
from .names import name_of, names_of

GONE = "This approval is gone. Its task was deleted."
Status = Approval.Status


@dataclass(frozen=True, slots=True)
class Line(Timed):
    """An approval with the names of those who had to do with it."""

    approval: Approval
    asker: str
    decider: str
    # The first of two people, where two are wanted.
    first: str
    may_approve: bool
    now: datetime

    @property
    def row(self) -> Approval:
        return self.approval

    @property
    def sign(self) -> words.Sign:
        return words.VERDICTS[self.approval.status]

    @property
    def risk(self) -> words.Sign:
        return words.RISKS[self.approval.risk_level]

    @property
    def kind(self) -> str:
        return words.ACTIONS[self.approval.action_type]

    @property
    def payload(self) -> str:
        return payload_of(self.approval)

    @property
    def is_urgent(self) -> bool:
        return self.approval.expires_at <= self.now + URGENT


def payload_of(approval: Approval) -> str:
    payload = approval.action_payload
    return json.dumps(payload, indent=2, ensure_ascii=False) if payload else ""


def lines_of(rows: Iterable[Approval], *, now: datetime, me: str = "") -> list[Line]:
    """`requestor` and `decided_by_agent` are best selected with the rows."""
    rows = list(rows)
    names = names_of(ref for row in rows for ref in _nameless(row) if ref)
    return [
        Line(
            approval=row,
            asker=row.requestor.name if row.requestor else name_of(row.requested_by, names),
            decider=row.decided_by_agent.name if row.decided_by_agent else name_of(row.decided_by, names),
            first=name_of(row.seconded_by, names),
            may_approve=row.seconded_by is None or row.seconded_by != me,
            now=now,
        )
        for row in rows
    ]


def _nameless(row: Approval) -> Iterable[str | None]:
    """Those whose names do not come with the row."""
    yield None if row.requestor else row.requested_by
    yield None if row.decided_by_agent else row.decided_by
    yield row.seconded_by


@require_GET
@page()
def approvals(request: PageRequest) -> HttpResponse:
    return _show(request)


def _show(request: PageRequest) -> HttpResponse:
    now, workspace_id = timezone.now(), request.actor.workspace_id
    deciding.expire_due(now=now, workspace_id=workspace_id)
    beside = ("requestor", "decided_by_agent", "task__project")
    here = Approval.objects.in_workspace(workspace_id)
    open_rows = here.decidable(now)
    over = here.exclude(status=Status.PENDING).select_related(*beside)
    found = open_rows.select_related(*beside).order_by("expires_at", "id")[:AT_MOST]
    context = {
        "waiting": lines_of(found, now=now, me=str(request.actor)),
        "count": open_rows.count(),
        "decided": lines_of(over.order_by("-decided_at", "-id")[:DECIDED], now=now),
        **rights_of(request.actor),
        "most_decided": DECIDED,
    }
    return render(request, "approvals/page.html#inbox" if request.htmx else "approvals/page.html", context)


@require_POST
@page(Role.OPERATOR)
def decide(request: PageRequest, id: int) -> HttpResponse:
    settle(request, id)
    return _show(request) if request.htmx else redirect("approvals")


def settle(request: PageRequest, id: int) -> None:
    """Decide one as the form says, by the rules that hold wherever the form stands."""
    decision, reason = reasoned(request)
    here = Approval.objects.in_workspace(request.actor.workspace_id)
    row = here.select_related("requestor", "decided_by_agent", "task").filter(pk=id).first()
    if row is None:
        raise NotFound(GONE)
    now = timezone.now()
    try:
        deciding.decide(approval=row, decision=decision, actor=request.actor, now=now, reason=reason)
    except Conflict as error:
        raise Conflict(_too_late(here.select_related("requestor", "decided_by_agent").get(pk=id), now)) from error


def reasoned(request: PageRequest) -> tuple[str, str | None]:
    decision, reason = decision_in(request)
    if decision == DENIED and not reason:
        raise Invalid("Say why it is denied: the agent goes on from your reason.")
    return decision, reason


def _too_late(row: Approval, now: datetime) -> str:
    line = lines_of([row], now=now)[0]
    return too_late(row.status, decider=line.decider, reason=row.decision_reason)
