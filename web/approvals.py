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

from core.actors import Actor, Role
from core.errors import Conflict, Invalid, NotFound
from governance.models import URGENT, Approval
from governance.services import deciding
from web import words

from .gate import PageRequest, page
from .names import name_of, names_of

AT_MOST = 100
DECIDED = 50
LONGEST_REASON = 2_000
GONE = "This approval is gone. Its task was deleted."
Status = Approval.Status


@dataclass(frozen=True, slots=True)
class Line:
    """An approval with the names of those who had to do with it."""

    approval: Approval
    asker: str
    decider: str
    # The first of two people, where two are wanted.
    first: str
    may_approve: bool
    now: datetime

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

    @property
    def seconds_left(self) -> int:
        return max(0, int((self.approval.expires_at - self.now).total_seconds()))

    @property
    def seconds_given(self) -> int:
        return max(1, int((self.approval.expires_at - self.approval.created_at).total_seconds()))


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


def rights_of(actor: Actor) -> dict[str, object]:
    """What the form of a request must know, wherever it stands."""
    return {"may_decide": actor.can(Role.OPERATOR), "longest_reason": LONGEST_REASON}


def settle(request: PageRequest, id: int) -> None:
    """Decide one as the form says, by the rules that hold wherever the form stands."""
    decision, reason = _decision(request)
    here = Approval.objects.in_workspace(request.actor.workspace_id)
    row = here.select_related("requestor", "decided_by_agent", "task").filter(pk=id).first()
    if row is None:
        raise NotFound(GONE)
    now = timezone.now()
    try:
        deciding.decide(approval=row, decision=decision, actor=request.actor, now=now, reason=reason)
    except Conflict as error:
        raise Conflict(_too_late(here.select_related("requestor", "decided_by_agent").get(pk=id), now)) from error


def _decision(request: PageRequest) -> tuple[str, str | None]:
    decision = request.POST.get("decision", "")
    if decision not in (Status.APPROVED, Status.DENIED):
        raise Invalid("Approve it or deny it.")
    reason = request.POST.get("reason", "").replace("\0", "").strip()
    if len(reason) > LONGEST_REASON:
        raise Invalid(f"A reason has at most {LONGEST_REASON} characters.")
    if decision == Status.DENIED and not reason:
        raise Invalid("Say why it is denied: the agent goes on from your reason.")
    return decision, reason or None


def _too_late(row: Approval, now: datetime) -> str:
    line = lines_of([row], now=now)[0]
    happened = {
        Status.APPROVED: f"{line.decider} approved it before you.",
        Status.DENIED: f"{line.decider} denied it before you: {row.decision_reason or 'no reason given'}.",
        Status.EXPIRED: "It expired before you decided.",
        Status.CANCELED: "It was withdrawn before you decided.",
    }
    return f"{happened.get(Status(row.status), 'Somebody else was faster.')} Your decision changed nothing."
