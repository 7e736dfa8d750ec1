"""Dangerous requests that two people must approve, where the policy says so: the first approval of the two."""

from __future__ import annotations

from datetime import datetime

from accounts.models import ApiKey, User
from activity.catalogue import Kind
from activity.services import record
from agents.models import Agent
from core.actors import Actor
from core.ids import parse_ref
from governance.models import Approval
from notifications.services import Note, post_once

from .policies import flag
from .telling import told

STATUS = Approval.Status


def wants_a_second(approval: Approval, decision: str, actor: Actor, lead: Agent | None) -> bool:
    """Whether somebody else has to approve it after this person."""
    if approval.risk_level != Approval.Risk.RED or decision != STATUS.APPROVED or lead is not None:
        return False
    if not flag(approval.workspace_id, "redDualControl", agent=approval.requestor, task=approval.task):
        return False
    first = Approval.objects.filter(pk=approval.pk).values_list("seconded_by", flat=True).first()
    return first is None or person(first) == person(str(actor))


def person(actor: str) -> str:
    """Whose word it is, as the log writes actors: of a key, that of whoever made it."""
    kind, id = parse_ref(actor)
    if kind != "key":
        return actor
    maker = ApiKey.objects.filter(pk=id).values_list("created_by", flat=True).first()
    user_id = User.objects.filter(username=maker).values_list("pk", flat=True).first() if maker else None
    return actor if user_id is None else f"user:{user_id}"


def note_first(approval: Approval, actor: Actor, now: datetime, reason: str | None) -> bool:
    """One of two has approved: the others hear that it is their turn. False when nothing changed."""
    waiting = Approval.objects.filter(pk=approval.pk, status=STATUS.PENDING, expires_at__gt=now, seconded_by=None)
    claimed = waiting.update(seconded_by=str(actor), seconded_at=now)
    approval.refresh_from_db()
    if not claimed:
        return False
    events = told(
        Kind.APPROVAL_SECONDED,
        approval,
        actor=actor,
        by=actor.display_name,
        description=f"One of two approvals given: {approval.action_summary}",
        data={"status": approval.status, "reason": reason},
    )
    record(*events, *post_once(_notes(approval, actor), actor=actor, now=now), at=now)
    return True


def _notes(approval: Approval, actor: Actor) -> list[Note]:
    """To everybody who may give the second one."""
    source = ("task", approval.task_id) if approval.task_id else None
    title = f"A second approval is needed ({approval.action_type}): {approval.action_summary}"[:200]
    text = f"{actor.display_name} approved it. Another person has to approve it as well."
    first = person(str(actor))
    people = User.objects.filter(workspace_id=approval.workspace_id, role__in=["operator", "admin"]).order_by("id")
    return [
        Note(one.username, "approval_request", title, text, source, approval_id=approval.pk)
        for one in people
        if one.may_sign_in and f"user:{one.pk}" != first
    ]
