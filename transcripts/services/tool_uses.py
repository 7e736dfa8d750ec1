"""Uses of tools that belong to a run: rows among its tool calls, as if they had been reported there."""

from __future__ import annotations

from governance.models import Permission
from governance.policy import tools
from governance.services.policies import active_policy, rules_of
from governance.services.tool_reports import report_tool_call, update_tool_call
from tokens.models import Run, ToolCall
from transcripts.models import Entry

from .batches import Batch
from .items import Item

Status = ToolCall.Status


def begin_call(batch: Batch, item: Item, run: Run, *, use: str, input: str) -> ToolCall:
    """What was allowed by a permission needs no approval beside it."""
    tool = item.fields["tool"]
    allowed = _permission(batch, use) if use else None
    fields = {
        "tool_name": tool,
        "risk_level": allowed.risk_level if allowed else _risk(run, tool),
        "started_at": min(item.at or batch.now, batch.now),
        "status": Status.RUNNING,
        "input_preview": input,
        "policy_result": {"decision": "ALLOW", "reason": f"Permission perm_{allowed.pk}"} if allowed else None,
    }
    return report_tool_call(
        run=run, fields=fields, actor=batch.actor, now=batch.now, is_permitted=allowed is not None
    )  # fmt: skip


def end_call(batch: Batch, *, use: str, output: str, is_error: bool) -> None:
    """Of the newest call of this name that is not over."""
    call = _open_call(batch, use)
    if call is None:
        return
    changes = {"status": Status.FAILED if is_error else Status.SUCCESS, "output_preview": output}
    if is_error:
        changes["error"] = output[:5000]
    update_tool_call(call=call, changes=changes, actor=batch.actor, now=batch.now)


def _open_call(batch: Batch, use: str) -> ToolCall | None:
    known = [entry.tool_call_id for entry in batch.entries if entry.tool_use_id == use and entry.tool_call_id]
    rows = Entry.objects.of(batch.agent.pk).filter(tool_use_id=use, tool_call_id__isnull=False)
    id = known[-1] if known else rows.values_list("tool_call_id", flat=True).first()
    open_calls = ToolCall.objects.select_related("agent").exclude(status__in=ToolCall.FINAL)
    return open_calls.filter(pk=id).first() if id else None


def _permission(batch: Batch, use: str) -> Permission | None:
    rows = Permission.objects.filter(agent=batch.agent, tool_use_id=use, status=Permission.Status.APPROVED)
    return rows.order_by("-id").first()


def _risk(run: Run, tool: str) -> str:
    """As the policy has it, or as the tool is known; in between for those that nobody knows."""
    rules = rules_of(active_policy(run.workspace_id, agent=run.agent, task=run.task))
    name = tools.canonical(tool) or ""
    given = {tools.canonical(one): risk for one, risk in rules.tool_risk_map.items()}
    risk = given.get(name, tools.RISKS.get(name))
    return risk.name if risk is not None else ToolCall.Risk.YELLOW
