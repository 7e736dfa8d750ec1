"""`mc run start|end` and `mc tool-call ...`"""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from missioncontrol_client.cli.arguments import Parser, amount, count, json_object, leaf, numbered, one_of
from missioncontrol_client.cli.context import Context
from missioncontrol_client.cli.output import clean, usd
from missioncontrol_client.enums import RiskLevel, RunStatus, ToolCallStatus
from missioncontrol_client.enums import words as values

from .run_command import add_options

if TYPE_CHECKING:
    from missioncontrol_client.answers import RunAnswer, ToolCallAnswer

TOKENS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")


def add_run(parser: Parser) -> None:
    sub = parser.choices(required=False)
    add_options(parser)
    starting = leaf(sub, "start", start_run, "report a run that begins")
    starting.add_argument("--model", required=True)
    starting.add_argument("--task", type=numbered("task"), metavar="ID")
    starting.add_argument("--session", metavar="KEY", help="session key (MC_SESSION_KEY)")
    starting.add_argument("--started-at", metavar="TIME", help="default: now")
    starting.add_argument("--status", default="RUNNING", **one_of(values(RunStatus)))
    starting.add_argument("--metadata", type=json_object, metavar="JSON")
    ending = leaf(sub, "end", end_run, "report how a run ended")
    ending.add_argument("id", type=numbered("run"), metavar="ID")
    ending.add_argument("--status", default="COMPLETED", **one_of(values(RunStatus)))
    for command in (starting, ending):
        command.add_argument("--ended-at", metavar="TIME")
        for name in TOKENS:
            command.add_argument(f"--{name.replace('_', '-')}", type=count, metavar="N")
        command.add_argument("--cost", type=amount, metavar="USD")
        command.add_argument("--error", metavar="TEXT")


def start_run(ctx: Context, args: Namespace) -> int:
    found = ctx.client.runs.report(
        args.model,
        status=args.status,
        started_at=args.started_at,
        task_id=args.task,
        session_key=args.session,
        ended_at=args.ended_at,
        input_tokens=args.input_tokens,
        output_tokens=args.output_tokens,
        cache_read_tokens=args.cache_read_tokens,
        cache_write_tokens=args.cache_write_tokens,
        cost_usd=args.cost,
        error=args.error,
        metadata=args.metadata,
        agent_id=ctx.me,
        idempotency_key=ctx.key,
    )
    return _told_run(ctx, found)


def end_run(ctx: Context, args: Namespace) -> int:
    given = {name: getattr(args, name) for name in ("ended_at", *TOKENS, "error", "status")} | {"cost_usd": args.cost}
    found = ctx.client.runs.update(args.id, idempotency_key=ctx.key, **_given(given))
    return _told_run(ctx, found)


def _told_run(ctx: Context, found: RunAnswer) -> int:
    if (warning := found.get("budgetWarning")) and not ctx.json:
        ctx.warn(f"{warning['type']}: {warning['message']}")
    run = found["run"]
    return ctx.answer(found, lambda: f"{clean(run['id'])}: {clean(run['status'])}, {usd(run['costUsd'])}")


def add_tool_call(parser: Parser) -> None:
    sub = parser.choices()
    starting = leaf(sub, "start", start_call, "report a tool call that begins")
    starting.add_argument("--run", dest="run_id", required=True, type=numbered("run"), metavar="ID")
    starting.add_argument("--tool", required=True, metavar="NAME")
    starting.add_argument("--risk", required=True, **one_of(values(RiskLevel)))
    starting.add_argument("--status", default="RUNNING", **one_of(values(ToolCallStatus)))
    starting.add_argument("--task", type=numbered("task"), metavar="ID")
    starting.add_argument("--started-at", metavar="TIME", help="default: now")
    starting.add_argument("--input-preview", metavar="TEXT")
    starting.add_argument("--input-hash", metavar="HASH")
    starting.add_argument("--policy-result", type=json_object, metavar="JSON")
    ending = leaf(sub, "end", end_call, "report how a tool call ended")
    ending.add_argument("id", type=numbered("tool"), metavar="ID")
    ending.add_argument("--status", default="SUCCESS", **one_of(values(ToolCallStatus)))
    ending.add_argument("--ended-at", metavar="TIME")
    ending.add_argument("--output-preview", metavar="TEXT")
    ending.add_argument("--output-hash", metavar="HASH")
    ending.add_argument("--error", metavar="TEXT")
    ending.add_argument("--retry-count", type=count, metavar="N")


def start_call(ctx: Context, args: Namespace) -> int:
    found = ctx.client.tool_calls.report(
        args.run_id,
        args.tool,
        args.risk,
        status=args.status,
        started_at=args.started_at,
        task_id=args.task,
        input_preview=args.input_preview,
        input_hash=args.input_hash,
        policy_result=args.policy_result,
        agent_id=ctx.me,
        idempotency_key=ctx.key,
    )
    return _told_call(ctx, found)


def end_call(ctx: Context, args: Namespace) -> int:
    names = ("ended_at", "status", "output_preview", "output_hash", "error", "retry_count")
    given = {name: getattr(args, name) for name in names}
    return _told_call(ctx, ctx.client.tool_calls.update(args.id, idempotency_key=ctx.key, **_given(given)))


def _told_call(ctx: Context, found: ToolCallAnswer) -> int:
    call = found["toolCall"]
    return ctx.answer(found, lambda: f"{clean(call['id'])}: {clean(call['toolName'])} {clean(call['status'])}")


def _given(fields: dict[str, Any]) -> Any:
    return {name: value for name, value in fields.items() if value is not None}
