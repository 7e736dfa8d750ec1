"""`mc approval ...`"""

from __future__ import annotations

import time
from argparse import Namespace
from typing import TYPE_CHECKING

from missioncontrol_client.cli import exits
from missioncontrol_client.cli.arguments import (
    Parser,
    amount,
    count,
    json_object,
    leaf,
    numbered,
    one_of,
    repeated,
    words,
)
from missioncontrol_client.cli.context import Context
from missioncontrol_client.cli.output import clean, facts, table, usd
from missioncontrol_client.enums import ApprovalActionType, ApprovalDecision, ApprovalRisk
from missioncontrol_client.enums import words as values

if TYPE_CHECKING:
    from missioncontrol_client.objects import Approval

COLUMNS = ("id", "status", "riskLevel", "taskId", "expiresAt", "actionSummary")
DECISIONS: dict[str, ApprovalDecision] = {"approve": "APPROVED", "deny": "DENIED"}
LONGEST_PAUSE = 5.0


def add_approval(parser: Parser) -> None:
    sub = parser.choices()
    _add_request(leaf(sub, "request", request, "ask for leave to do something"))
    checking = leaf(sub, "check", check, "see what became of a request")
    checking.add_argument("id", type=numbered("approval"), metavar="ID")
    checking.add_argument("--wait", type=amount, metavar="SECONDS", help="wait for the decision, at most this long")
    listing = leaf(sub, "list", list_, "list requests")
    listing.add_argument("--status", **repeated(words))
    listing.add_argument("--task", type=numbered("task"), metavar="ID")
    listing.add_argument("--limit", type=count, metavar="N")
    deciding = leaf(sub, "decide", decide, "approve or deny a request")
    deciding.add_argument("id", type=numbered("approval"), metavar="ID")
    deciding.add_argument("decision", type=str.lower, choices=tuple(DECISIONS), metavar="approve|deny")
    deciding.add_argument("--reason")


def _add_request(parser: Parser) -> None:
    parser.add_argument(
        "--task", type=numbered("task"), metavar="ID", help="the task it is needed for; it waits until the decision"
    )
    parser.add_argument("--action-type", required=True, **one_of(values(ApprovalActionType)))
    parser.add_argument("--summary", required=True, help="what shall be done, in a sentence")
    parser.add_argument("--risk", required=True, **one_of(values(ApprovalRisk)))
    parser.add_argument("--justification", required=True, help="why")
    parser.add_argument("--rollback", metavar="TEXT", help="how it can be undone")
    parser.add_argument("--cost", type=amount, metavar="USD")
    parser.add_argument("--payload", type=json_object, metavar="JSON", help="the action itself")
    parser.add_argument("--tool-call", type=numbered("tool"), metavar="ID")
    parser.add_argument("--expires-in", metavar="DURATION", help="such as 30m, 24h or 7d")


def request(ctx: Context, args: Namespace) -> int:
    found = ctx.client.approvals.request(
        action_type=args.action_type,
        action_summary=args.summary,
        risk_level=args.risk,
        justification=args.justification,
        task_id=args.task,
        tool_call_id=args.tool_call,
        action_payload=args.payload,
        estimated_cost=args.cost,
        rollback_plan=args.rollback,
        expires_in=args.expires_in,
        idempotency_key=ctx.key,
    )
    approval = found["approval"]
    if not found.get("created", True) and approval["actionSummary"] != args.summary and not ctx.json:
        ctx.warn(f"{approval['id']} waits already, for another action: it does not cover this one")
    verb = "Requested" if found.get("created", True) else "Waits already:"
    return ctx.answer(
        found,
        lambda: f"{verb} {clean(approval['id'])} ({clean(approval['status'])}): {clean(approval['actionSummary'])}",
    )


def check(ctx: Context, args: Namespace) -> int:
    approval = ctx.client.approvals.get(args.id)
    if args.wait is None:
        return ctx.answer(approval, lambda: _detail(approval))
    end, pause = time.monotonic() + args.wait, 0.5
    while approval["status"] == "PENDING" and (left := end - time.monotonic()) > 0:
        time.sleep(min(pause, left))
        pause = min(pause * 1.5, LONGEST_PAUSE)
        approval = ctx.client.approvals.get(args.id)
    ctx.answer(approval, lambda: _detail(approval))
    return exits.WAITED.get(approval["status"], exits.FAILED)


def _detail(approval: Approval) -> str:
    cost = approval["estimatedCost"]
    return facts(
        [
            ("Approval", approval["id"]),
            ("Status", approval["status"]),
            ("Action", approval["actionSummary"]),
            ("Risk", approval["riskLevel"]),
            ("Task", approval.get("taskId")),
            ("Cost", None if cost is None else usd(cost)),
            ("Decided by", approval.get("decidedByUserId") or approval.get("decidedByAgentId")),
            ("Reason", approval.get("decisionReason")),
            ("Expires", approval["expiresAt"]),
        ]
    )


def list_(ctx: Context, args: Namespace) -> int:
    found = ctx.client.approvals.list(status=args.status, task_id=args.task, limit=args.limit)
    return ctx.answer(found, lambda: table(found["approvals"], COLUMNS, empty="No approvals"))


def decide(ctx: Context, args: Namespace) -> int:
    found = ctx.client.approvals.decide(args.id, DECISIONS[args.decision], reason=args.reason, idempotency_key=ctx.key)
    approval, task = found["approval"], found.get("task")

    def human() -> str:
        text = f"{clean(approval['id'])}: {clean(approval['status'])}"
        return f"{text}; {clean(task['id'])} is {clean(task['status'])}" if task else text

    return ctx.answer(found, human)
