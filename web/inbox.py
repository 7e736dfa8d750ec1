"""What the inboxes have in common: requests that run out of time, and the words of a decision."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest

from core.actors import Actor, Role
from core.errors import Invalid
from governance.models import Approval, Permission

AT_MOST = 100
DECIDED = 50
LONGEST_REASON = 2_000
APPROVED, DENIED = Approval.Status.APPROVED.value, Approval.Status.DENIED.value
Request = Approval | Permission


class Timed:
    """A request with the time that is left for its answer."""

    __slots__ = ()
    now: datetime

    @property
    def row(self) -> Request:
        raise NotImplementedError

    @property
    def seconds_left(self) -> int:
        return max(0, int((self.row.expires_at - self.now).total_seconds()))

    @property
    def seconds_given(self) -> int:
        return max(1, int((self.row.expires_at - self.row.created_at).total_seconds()))


def rights_of(actor: Actor) -> dict[str, object]:
    """What the form of a request must know, wherever it stands."""
    return {"may_decide": actor.can(Role.OPERATOR), "longest_reason": LONGEST_REASON}


def decision_in(request: HttpRequest) -> tuple[str, str | None]:
    """What the form says, and why."""
    decision = request.POST.get("decision", "")
    if decision not in (APPROVED, DENIED):
        raise Invalid("Approve it or deny it.")
    reason = request.POST.get("reason", "").replace("\0", "").strip()
    if len(reason) > LONGEST_REASON:
        raise Invalid(f"A reason has at most {LONGEST_REASON} characters.")
    return decision, reason or None


def too_late(status: str, *, decider: str, reason: str | None) -> str:
    """To whom somebody else was faster."""
    happened = {
        "APPROVED": f"{decider} approved it before you.",
        "DENIED": f"{decider} denied it before you: {reason or 'no reason given'}.",
        "EXPIRED": "It expired before you decided.",
        "CANCELED": "It was withdrawn before you decided.",
    }
    return f"{happened.get(status, 'Somebody else was faster.')} Your decision changed nothing."
