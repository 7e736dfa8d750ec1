"""`mc permissions ...`"""

from __future__ import annotations

import json
import time
from argparse import Namespace
from typing import TYPE_CHECKING, Any

from missioncontrol_client.cli import exits
from missioncontrol_client.cli.arguments import Parser, amount, count, json_object, leaf, numbered, repeated, words
from missioncontrol_client.cli.context import Context
from missioncontrol_client.cli.output import block, clean, facts, table

if TYPE_CHECKING:
    from missioncontrol_client.watching import Permission

COLUMNS = ("requestId", "status", "riskLevel", "agentId", "tool", "expiresAt", "about")
ABOUT = ("command", "cmd", "file_path", "path", "url", "query")
LONGEST_POLL = 25


def add_permissions(parser: Parser) -> None:
    sub = parser.choices()
    listing = leaf(sub, "list", list_, "list requests; without --status those that wait")
    listing.add_argument("--status", **repeated(words))
    listing.add_argument("--of", metavar="AGENT", help="of this agent alone")
    listing.add_argument("--limit", type=count, metavar="N")
    showing = leaf(sub, "show", show, "read a request with its input")
    _named(showing)
    showing.add_argument("--wait", type=amount, metavar="SECONDS", help="wait for the answer, at most this long")
    approving = leaf(sub, "approve", approve, "let the agent use the tool")
    _named(approving)
    approving.add_argument("--input", type=json_object, metavar="JSON", help="to be used instead of what it asked for")
    denying = leaf(sub, "deny", deny, "refuse it")
    _named(denying)
    for one in (approving, denying):
        one.add_argument("--reason", help="told to the agent")
    _add_ask(leaf(sub, "ask", ask, "ask to use a tool, and wait for the answer"))


def _named(parser: Parser) -> None:
    parser.add_argument("id", type=numbered("perm"), metavar="ID")


def _add_ask(parser: Parser) -> None:
    parser.add_argument("tool", metavar="TOOL")
    parser.add_argument("--input", type=json_object, metavar="JSON", default={}, help="what it would be used with")
    parser.add_argument("--command", dest="wanted", metavar="TEXT", help="short for --input '{\"command\": TEXT}'")
    parser.add_argument("--task", type=numbered("task"), metavar="ID")
    parser.add_argument("--tool-use", metavar="ID", help="what the agent calls this use of the tool")
    parser.add_argument("--expires-in", type=count, metavar="SECONDS", default=300, help="10 to 3600; default: 300")
    parser.add_argument("--no-wait", action="store_true", help="do not wait for the answer")


def list_(ctx: Context, args: Namespace) -> int:
    status = args.status or ["PENDING"]
    found = ctx.client.permissions.list(status=status, agent_id=args.of, limit=args.limit)
    rows = [{**one, "about": _about(one["input"])} for one in found["permissions"]]
    return ctx.answer(found, lambda: table(rows, COLUMNS, empty="Nobody waits for permission"))


def show(ctx: Context, args: Namespace) -> int:
    if args.wait is None:
        found = ctx.client.permissions.get(args.id)
        return ctx.answer(found, lambda: _detail(found))
    found = _awaited(ctx, args.id, args.wait)
    ctx.answer(found, lambda: _detail(found))
    return exits.WAITED.get(found["status"], exits.FAILED)


def approve(ctx: Context, args: Namespace) -> int:
    return _respond(ctx, args, True, args.input)


def deny(ctx: Context, args: Namespace) -> int:
    return _respond(ctx, args, False, None)


def _respond(ctx: Context, args: Namespace, approved: bool, input: dict[str, Any] | None) -> int:
    found = ctx.client.permissions.respond(
        args.id, approved, updated_input=input, reason=args.reason, idempotency_key=ctx.key
    )
    return ctx.answer(found, lambda: f"{clean(found['requestId'])}: {clean(found['status'])}")


def ask(ctx: Context, args: Namespace) -> int:
    """Ends with 0 for yes only; prints the input to use when another one was decided on."""
    from missioncontrol_client.secrets import put_back

    input = args.input if args.wanted is None else {**args.input, "command": args.wanted}
    found = ctx.client.permissions.request(
        args.tool,
        input,
        task_id=args.task,
        tool_use_id=args.tool_use,
        timeout_seconds=args.expires_in,
        idempotency_key=ctx.key,
    )
    if not args.no_wait and found["status"] == "PENDING":
        # The server ends it in time; a little more, so that its own end is what is told.
        found = _awaited(ctx, found["requestId"], args.expires_in + 5)
    lines = [f"{clean(found['requestId'])}: {clean(found['status'])}"]
    if found["reason"]:
        lines.append(f"Reason: {clean(found['reason'])}")
    if found["approved"] and found["updatedInput"] is not None:
        try:
            instead = put_back(found["updatedInput"], found["input"], input)
        except ValueError as error:
            ctx.warn(f"the input that was decided on cannot be used: {error}")
            return exits.FAILED
        found = {**found, "updatedInput": instead}
        lines.append(f"Input: {clean(json.dumps(instead, ensure_ascii=False))}")
    ctx.answer(found, lambda: "\n".join(lines))
    return exits.WAITED.get(found["status"], exits.FAILED)


def _awaited(ctx: Context, id: str, seconds: float) -> Permission:
    """By long polls, which end as soon as there is an answer."""
    end = time.monotonic() + seconds
    longest = max(1, min(LONGEST_POLL, int(ctx.settings.timeout_ms / 1000) - 2))
    found = ctx.client.permissions.get(id)
    while found["status"] == "PENDING" and (left := end - time.monotonic()) > 0:
        found = ctx.client.permissions.get(id, wait=max(1, min(longest, int(left))))
    return found


def _about(input: dict[str, Any]) -> str:
    text = next((input[name] for name in ABOUT if isinstance(input.get(name), str)), None)
    return (text if text is not None else json.dumps(input, ensure_ascii=False))[:80]


def _detail(found: Permission) -> str:
    head = facts(
        [
            ("Permission", found["requestId"]),
            ("Status", found["status"]),
            ("Agent", found["agentId"]),
            ("Tool", found["tool"]),
            ("Risk", found.get("riskLevel")),
            ("Policy", found.get("policyReason")),
            ("Task", found.get("taskId")),
            ("Decided by", found.get("decidedBy")),
            ("Reason", found.get("reason")),
            ("Expires", found["expiresAt"]),
        ]
    )
    parts = [head, f"Input\n{_written(found['input'])}"]
    if found["updatedInput"] is not None:
        parts.append(f"Used instead\n{_written(found['updatedInput'])}")
    return "\n".join(parts)


def _written(input: dict[str, Any]) -> str:
    return block(json.dumps(input, indent=2, ensure_ascii=False))
