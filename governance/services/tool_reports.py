"""Tool calls as agents report them: kept without secrets, held against what was allowed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from activity.catalogue import Kind
from activity.models import Event
from activity.services import fact, record
from agents.models import Mandate
from core.actors import Actor, system
from core.clock import milliseconds
from core.errors import Conflict, Invalid
from core.ids import ref
from governance.models import Alert, Approval
from governance.policy import Risk, tools
from tasks.services import bookkeeping as books
from tokens.models import Run, ToolCall

from .alerts import Trouble, open_alert
from .allowances import lock
from .controlling import QUARANTINE, control_agent
from .limits import limits_for
from .loops import Past, block_for_loop, past_of
from .policies import active_policy, rules_of
from .previews import preview
from .redacting import joined

TOOL_RETRY_LOOP = "TOOL_RETRY_LOOP"
TEXTS = ("input_preview", "output_preview", "error")
Status = ToolCall.Status


@transaction.atomic
def report_tool_call(
    *, run: Run, fields: dict[str, Any], actor: Actor, now: datetime, is_permitted: bool = False
) -> ToolCall:
    """Store what an agent did in its run. `fields` are columns of ToolCall; `is_permitted` when somebody allowed this
    very use."""
    call = ToolCall(workspace_id=run.workspace_id, run=run, agent=run.agent, created_at=now)
    if fields.get("task") is None:
        fields = {**fields, "task_id": run.task_id}
    _set(call, fields)
    _close(call, now)
    call.save(force_insert=True)
    _after(call, was="", actor=actor, now=now, is_permitted=is_permitted)
    return call


@transaction.atomic
def update_tool_call(*, call: ToolCall, changes: dict[str, Any], actor: Actor, now: datetime) -> ToolCall:
    """Say how it went on. Raises Conflict for a call that is over and was said to have ended otherwise."""
    rows = ToolCall.objects.select_for_update(of=("self",)).select_related("agent", "run", "task")
    call = rows.get(pk=call.pk)
    was = call.status
    if call.is_final and changes.get("status", was) != was:
        raise Conflict(f"The tool call is {was} already", code="STATE_CONFLICT", status=was)
    _set(call, changes)
    _close(call, now)
    call.save()
    if call.status != was:
        _after(call, was=was, actor=actor, now=now)
    return call


def _set(call: ToolCall, fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        if name in TEXTS and value is not None:
            value, found = preview(value, call.agent.workspace_path, cut=name != "error")
            call.redacted_fields = joined(call.redacted_fields, [SHOWN_AS[name]] if found else [])
        setattr(call, name, value)


SHOWN_AS = {"input_preview": "inputPreview", "output_preview": "outputPreview", "error": "error"}


def _close(call: ToolCall, now: datetime) -> None:
    if call.is_final and call.ended_at is None:
        call.ended_at = max(call.started_at, now)
    if call.ended_at is not None and call.ended_at < call.started_at:
        raise Invalid.fields("endedAt: must not be before startedAt")


def _after(call: ToolCall, *, was: str, actor: Actor, now: datetime, is_permitted: bool = False) -> None:
    record(_told(call, actor), at=now)
    approval = _approval_of(call)
    is_new = call.status in (Status.RUNNING, Status.SUCCESS) and was != Status.RUNNING
    if is_new and not is_permitted and approval is None and _is_red(call):
        _alert_unapproved(call, now)
    if call.status in (Status.SUCCESS, Status.FAILED) and approval is not None:
        Approval.objects.filter(pk=approval.pk, consumed_at=None).update(consumed_at=now)
    if call.status == Status.FAILED:
        _stop_retrying(call, now)


def _approval_of(call: ToolCall) -> Approval | None:
    """The one that the agent was granted and says it acts on, or that was asked for this very call."""
    granted = Approval.objects.filter(requestor_id=call.agent_id, status=Approval.Status.APPROVED)
    named = str((call.policy_result or {}).get("approvalId") or "").removeprefix("approval_")
    if named.isascii() and named.isdigit() and len(named) < 19:
        found = granted.filter(pk=int(named), task=call.task).first()
        if found is not None and (found.consumed_at is None or found.tool_call_id == call.pk):
            return found
    return granted.filter(tool_call=call).first()


def _is_red(call: ToolCall) -> bool:
    """As reported, or as the tool is known."""
    if call.risk_level == ToolCall.Risk.RED:
        return True
    rules = rules_of(active_policy(call.workspace_id, agent=call.agent, task=call.task))
    name = tools.canonical(call.tool_name) or ""
    given = {tools.canonical(tool): risk for tool, risk in rules.tool_risk_map.items()}
    return given.get(name, tools.RISKS.get(name)) == Risk.RED


def _alert_unapproved(call: ToolCall, now: datetime) -> None:
    trouble = Trouble(
        "POLICY_VIOLATION",
        Alert.Severity.WARNING,
        f"{call.agent.name} used {call.tool_name} without approval",
        call.input_preview or "",
        agent_id=call.agent_id,
        task_id=call.task_id,
        run_id=call.run_id,
        metadata={"toolCallId": f"tool_{call.pk}"},
    )
    open_alert(trouble=trouble, actor=system(call.workspace_id), now=now)


def _stop_retrying(call: ToolCall, now: datetime) -> None:
    """The same failure again and again: the agent does not see it, so somebody else must."""
    limits = limits_for(call.workspace_id, agent=call.agent, task=call.task)
    past = past_of(call.task, TOOL_RETRY_LOOP) if call.task is not None else Past()
    same = ToolCall.objects.filter(
        run_id=call.run_id,
        tool_name=call.tool_name,
        error=call.error,
        status=Status.FAILED,
        ended_at__gt=max(now - limits.minutes("toolRetryMinutes"), past.counts_from),
    )
    failures = same.count()
    # The agent before its task: whoever books its costs takes them in this order.
    if failures < max(1, limits.of("toolRetries")) or lock(call.agent_id).control == Mandate.Control.QUARANTINED:
        return
    if call.task is not None and not past.is_open:
        details = {"tool": call.tool_name, "failures": failures, "runId": f"run_{call.run_id}"}
        block_for_loop(task=books.lock(call.task), type=TOOL_RETRY_LOOP, now=now, details=details)
    reason = f"{call.tool_name} failed {failures} times in the same way"
    control_agent(agent=call.agent, action=QUARANTINE, actor=system(call.workspace_id), now=now, reason=reason[:500])


def _told(call: ToolCall, actor: Actor) -> Event:
    data = {
        "id": call.pk,
        "run_id": call.run_id,
        "agent_id": call.agent_id,
        "task_id": call.task_id,
        "tool_name": call.tool_name,
        "risk_level": call.risk_level,
        "status": call.status,
        "started_at": milliseconds(call.started_at),
        "ended_at": call.ended_at and milliseconds(call.ended_at),
        "error": call.error,
        "retry_count": call.retry_count,
        "created_at": milliseconds(call.created_at),
    }
    return fact(
        Kind.TOOL_CALL_RECORDED,
        actor=actor,
        subject=ref("tool_call", call.pk),
        agent_id=call.agent_id,
        task_id=call.task_id,
        data={"tool_call": data},
    )
