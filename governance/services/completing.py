"""By whose leave a task is done."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from agents.models import Agent
from core.ids import parse_ref
from governance.models import Approval


def by_approval(approval: Approval, *, now: datetime) -> dict[str, Any]:
    """Of whoever decided it. It is used up."""
    approval.consumed_at = now
    approval.save(update_fields=["consumed_at"])
    return completion(
        decided_by(approval), at=approval.decided_at or now, note=approval.decision_reason, approval=approval
    )


def completion(
    approved_by: str | None, *, at: datetime, note: str | None, approval: Approval | None = None
) -> dict[str, Any]:
    return {
        "approvalId": f"approval_{approval.pk}" if approval else None,
        "approvedBy": approved_by,
        "approvedAt": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "decisionNote": note or None,
    }


def decided_by(approval: Approval) -> str | None:
    """As this dialect names them: an agent's slug, `user_3`."""
    if not approval.decided_by:
        return None
    kind, id = parse_ref(approval.decided_by)
    if kind == "agent":
        return Agent.objects.filter(pk=id).values_list("slug", flat=True).first()
    return f"{kind}_{id}"


def ends_its_task(approvals: list[Approval]) -> Approval | None:
    """The one of these that grants the end of its task."""
    for approval in approvals:
        granted = approval.status == Approval.Status.APPROVED and approval.completes
        if granted and (approval.action_payload or {}).get("targetStatus") == "DONE":
            return approval
    return None
