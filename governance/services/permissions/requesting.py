"""Asking for a tool: the policy answers what it can, people the rest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from activity.catalogue import Kind
from activity.services import record
from agents.models import Agent
from core.actors import Actor, system
from core.errors import Conflict
from governance.models import Permission
from governance.policy import Action, ActionType, Decision, Risk, Verdict
from governance.services.evaluating import Question, evaluate
from governance.services.operators import note_to_operator
from notifications.services import post_once
from tasks.models import Task
from tokens.models import Run

from .ending import expire_permission
from .inputs import kept
from .telling import resolved, told

STATUS, CHANNEL = Permission.Status, Permission.Channel
POLICY = "policy"


@dataclass(frozen=True, slots=True)
class Wish:
    """Which tool an agent wants to use, and with what."""

    agent: Agent
    tool: str
    input: dict[str, Any]
    task: Task | None = None
    run: Run | None = None
    tool_use_id: str = ""
    lasts: timedelta = Permission.USUAL_TIME


@transaction.atomic
def request_permission(*, wish: Wish, actor: Actor, now: datetime) -> tuple[Permission, bool]:
    """Ask. What the policy denies is DENIED at once; a use that is asked for already is returned, with False.

    Raises Invalid for an input that is too large, Conflict when the same use waits with another input.
    """
    input = kept(wish.input, field="input")
    if known := _waiting(wish, now):
        return _same(known, wish.tool, input), False
    verdict = judge(agent=wish.agent, tool=wish.tool, input=wish.input, task=wish.task, actor=actor, now=now)
    permission = _new(wish, input, verdict, actor, now)
    _answer_by_policy(permission, verdict, now)
    try:
        with transaction.atomic():
            permission.save(force_insert=True)
    except IntegrityError:
        if not (known := _waiting(wish, now)):
            raise
        return _same(known, wish.tool, input), False
    _tell(permission, actor, now)
    return permission, True


def judge(
    *, agent: Agent, tool: str, input: dict[str, Any], task: Task | None, actor: Actor, now: datetime
) -> Verdict:  # fmt: skip
    action = Action(ActionType.TOOL_CALL, tool=tool, args=input)
    return evaluate(agent=agent, question=Question(action, task), actor=actor, now=now)


def _waiting(wish: Wish, now: datetime) -> Permission | None:
    if not wish.tool_use_id:
        return None
    known = Permission.objects.pending().filter(agent=wish.agent, tool_use_id=wish.tool_use_id).first()
    return None if known is None or expire_permission(permission=known, now=now) else known


def _same(known: Permission, tool: str, input: dict[str, Any]) -> Permission:
    if known.tool != tool or known.input != input:
        raise Conflict("This toolUseId waits already, with another tool or input", code="STATE_CONFLICT")
    return known


def _new(wish: Wish, input: dict[str, Any], verdict: Verdict, actor: Actor, now: datetime) -> Permission:
    return Permission(
        workspace_id=wish.agent.workspace_id,
        agent=wish.agent,
        agent_slug=wish.agent.slug,
        agent_name=wish.agent.name,
        task=wish.task,
        run=wish.run,
        tool=wish.tool,
        tool_use_id=wish.tool_use_id,
        input=input,
        risk_level=verdict.risk.name,
        policy_reason=verdict.reason,
        expires_at=now + wish.lasts,
        requested_by=str(actor),
        created_at=now,
    )


def _answer_by_policy(permission: Permission, verdict: Verdict, now: datetime) -> None:
    """Where nobody need be asked."""
    is_harmless = verdict.decision == Decision.ALLOW and verdict.risk == Risk.GREEN
    if verdict.decision == Decision.DENY:
        permission.status = STATUS.DENIED
    elif is_harmless and Risk.GREEN.name == settings.PERMISSION_AUTO_ALLOW:
        permission.status = STATUS.APPROVED
    else:
        return
    permission.decided_by, permission.decided_at, permission.channel = POLICY, now, CHANNEL.POLICY
    permission.reason = verdict.reason


def _tell(permission: Permission, actor: Actor, now: datetime) -> None:
    if not permission.is_pending:
        resolved(permission, system(permission.workspace_id, POLICY), now)
        return
    record(told(Kind.PERMISSION_REQUESTED, permission, actor), at=now)
    others = Permission.objects.decidable(now).filter(agent=permission.agent).exclude(pk=permission.pk)
    if others.exists():
        return  # The operator was told that this agent waits.
    title = f"{permission.agent_name} asks for permission: {permission.tool}"
    note = note_to_operator(
        permission.workspace_id, type="permission_request", title=title, text=permission.policy_reason or title,
        task=permission.task,
    )  # fmt: skip
    record(*post_once(note, actor=actor, now=now), at=now)
