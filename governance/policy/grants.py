"""Which granted approval covers an action: the same one, never a similar one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .subject import Subject
from .types import Action, ActionType, AgentFacts, ApprovalType, Context, Grant

_FIELDS = ("tool", "command", "path", "domain")
# What changes a command from outside of its text: an approval that names no arguments is for a command without.
_GIVEN = ("env", "environment", "stdin", "input")


def covering(subject: Subject, agent: AgentFacts, context: Context) -> Grant | None:
    return next((grant for grant in context.grants if _covers(grant, subject, agent, context)), None)


def _covers(grant: Grant, subject: Subject, agent: AgentFacts, context: Context) -> bool:
    if not _is_usable(grant, context) or grant.agent_id != agent.id or grant.task_id != context.task_id:
        return False
    if grant.action_type not in _types(subject):
        return False
    if any(map(subject.action.args.get, _GIVEN)) and not (grant.payload or {}).get("args"):
        return False
    if grant.payload:
        return _is_same(grant.payload, subject)
    return grant.id == context.approval_id and _is_named(grant.summary, subject)


def _is_usable(grant: Grant, context: Context) -> bool:
    if grant.status != "APPROVED" or grant.consumed:
        return False
    if grant.expires_at is None:
        return True
    return context.now is not None and context.now < grant.expires_at


def _types(subject: Subject) -> tuple[ApprovalType, ...]:
    if subject.action.type == ActionType.TRANSITION:
        return (ApprovalType.STATE_TRANSITION,)
    return (ApprovalType.SPAWN,) if subject.is_spawn else (ApprovalType.TOOL_EXEC,)


def _is_same(payload: Mapping[str, Any], subject: Subject) -> bool:
    """The same type, tool, command, path and domain; and the same other arguments where the approval names any."""
    action = subject.action
    if action.type == ActionType.TRANSITION:
        return payload.get("targetStatus") == action.target_status
    if payload.get("type") != action.type:
        return False
    named = {key: payload.get(key) for key in _FIELDS}
    if any(value is not None and not isinstance(value, str) for value in named.values()):
        return False
    args = payload.get("args")
    approved = Subject(Action(action.type, **named, args=args if isinstance(args, Mapping) else {}))
    if args and args != action.args:
        return False
    return (approved.tool, approved.commands, approved.paths, approved.addresses) == (
        subject.tool,
        subject.commands,
        subject.paths,
        subject.addresses,
    )


def _is_named(summary: str, subject: Subject) -> bool:
    """Every command, path and domain stands in the summary, whole; an action with none, by its tool."""
    named = (*subject.commands, *subject.paths, *subject.addresses)
    if not named:
        named = (subject.action.tool or "",)
    return all(text.strip() and _stands_in(text, summary) for text in named)


def _stands_in(text: str, summary: str) -> bool:
    bounded = rf"(?<![^\s\"'`(:]){re.escape(text)}(?=$|[\s\"'`)]|[.,;:!?](?:\s|$))"
    return re.search(bounded, summary) is not None
