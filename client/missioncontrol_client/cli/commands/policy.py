"""`mc policy check`"""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from missioncontrol_client.cli import exits
from missioncontrol_client.cli.arguments import Parser, amount, json_object, leaf, numbered, one_of
from missioncontrol_client.cli.context import Context
from missioncontrol_client.cli.exits import UsageError
from missioncontrol_client.cli.output import clean, usd
from missioncontrol_client.enums import PolicyActionType, TaskStatus
from missioncontrol_client.enums import words as values

if TYPE_CHECKING:
    from missioncontrol_client.answers import Evaluation


def add_policy(parser: Parser) -> None:
    checking = leaf(parser.choices(), "check", check, "ask whether an action is allowed; the exit code tells as well")
    checking.add_argument("--action-type", required=True, **one_of(values(PolicyActionType)))
    checking.add_argument("--tool", metavar="NAME")
    checking.add_argument("--args", type=json_object, default={}, metavar="JSON", help="the tool's arguments")
    checking.add_argument("--path")
    checking.add_argument("--domain", metavar="HOST")
    checking.add_argument("--target-status", **one_of(values(TaskStatus)))
    checking.add_argument("--cost", type=amount, metavar="USD")
    checking.add_argument("--task", type=numbered("task"), metavar="ID")
    checking.add_argument("--verbose", action="store_true", help="also print violations, approval and budget")


def action_fields(given: dict[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
    """The arguments that policy knows by name, and the rest."""
    rest, fields = dict(given), {}
    for name, field in (("command", "command"), ("path", "path"), ("domain", "domain"), ("url", "domain")):
        if name in rest and field not in fields:
            fields[field] = rest.pop(name)
    for name, value in fields.items():
        if not isinstance(value, str):
            raise UsageError(f"{name} in --args must be a string")
    return fields, rest


def check(ctx: Context, args: Namespace) -> int:
    fields, rest = action_fields(args.args)
    found = ctx.client.policy.evaluate(
        args.action_type,
        tool=args.tool,
        command=fields.get("command"),
        path=args.path or fields.get("path"),
        domain=args.domain or fields.get("domain"),
        target_status=args.target_status,
        estimated_cost=args.cost,
        args=rest or None,
        task_id=args.task,
        agent_id=ctx.me,
        idempotency_key=ctx.key,
    )
    ctx.answer(found, lambda: "\n".join(_lines(found, verbose=args.verbose)))
    return exits.POLICY.get(found["decision"], exits.FAILED)


def _lines(found: Evaluation, *, verbose: bool) -> list[str]:
    lines = [
        f"Decision: {clean(found['decision'])}",
        f"Risk Level: {clean(found['riskLevel'])}",
        f"Reason: {clean(found['reason'])}",
    ]
    if not verbose:
        return lines
    lines += [f"Violation: {clean(violation)}" for violation in found.get("violations", [])]
    if needed := found.get("approvalRequired"):
        lines.append(f"Approval: {clean(needed['type'])}, because: {clean(needed['suggestedJustification'])}")
    if budget := found.get("budget"):
        lines.append(f"Budget: {usd(budget['remaining'])} of {usd(budget['daily'])} left today")
    return lines
