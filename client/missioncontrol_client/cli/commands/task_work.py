"""The commands that move a task along: start, artifact, submit, transition."""

from __future__ import annotations

import os
from argparse import Namespace
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from missioncontrol_client.cli.arguments import Parser, amount, numbered, one_of
from missioncontrol_client.cli.context import Context
from missioncontrol_client.cli.exits import UsageError
from missioncontrol_client.cli.local import checked_plan, read_checklist, read_inline, read_text
from missioncontrol_client.cli.output import clean
from missioncontrol_client.enums import ArtifactType, TaskStatus
from missioncontrol_client.enums import words as values

if TYPE_CHECKING:
    from missioncontrol_client.answers import TransitionAnswer
    from missioncontrol_client.objects import Artifact


def add_start(parser: Parser) -> None:
    parser.add_argument("id", type=numbered("task"), metavar="ID")
    plan = parser.add_mutually_exclusive_group(required=True)
    plan.add_argument("--plan", metavar="TEXT", help="3 to 6 bullets, one a line")
    plan.add_argument("--plan-file", metavar="FILE", help="the same, from a file")
    parser.add_argument("--estimated-cost", type=amount, metavar="USD")
    parser.add_argument("--estimated-duration", metavar="TEXT")
    parser.add_argument("--reason")


def start(ctx: Context, args: Namespace) -> int:
    bullets = checked_plan(args.plan if args.plan is not None else read_text(args.plan_file))
    found = ctx.client.tasks.start(
        args.id,
        bullets,
        estimated_cost=args.estimated_cost,
        estimated_duration=args.estimated_duration,
        reason=args.reason,
        session_key=ctx.settings.session_key,
        idempotency_key=ctx.key,
    )
    return moved(ctx, found)


def add_artifact(parser: Parser) -> None:
    parser.add_argument("id", type=numbered("task"), metavar="ID")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--file", metavar="PATH", help="UTF-8 text of at most 100 KiB, sent along")
    source.add_argument("--url", help="where it can be fetched")
    parser.add_argument("--name", help="default: the last part of the path or address")
    parser.add_argument("--type", default="DELIVERABLE", **one_of(values(ArtifactType)))
    parser.add_argument("--mime-type", metavar="TYPE")
    parser.add_argument("--message", metavar="TEXT")


def artifact(ctx: Context, args: Namespace) -> int:
    path = args.file if args.file is not None else unquote(urlsplit(args.url).path)
    name = args.name or os.path.basename(path.rstrip("/"))
    if not name:
        raise UsageError("this address has no file name: give one with --name")
    sent: Artifact = {"name": name, "type": args.type}
    if args.file is not None:
        sent["content"] = read_inline(args.file)
    else:
        sent["url"] = args.url
    if args.mime_type:
        sent["mimeType"] = args.mime_type
    found = ctx.client.tasks.attach(args.id, sent, message=args.message, idempotency_key=ctx.key)
    return ctx.answer(found, lambda: f"Attached {clean(name)} to {clean(args.id)} ({clean(found['message']['id'])})")


def add_submit(parser: Parser) -> None:
    parser.add_argument("id", type=numbered("task"), metavar="ID")
    parser.add_argument("--deliverable", required=True, metavar="PATH", help="UTF-8 text of at most 100 KiB")
    parser.add_argument("--checklist", metavar="PATH.json", help="the review checklist")
    parser.add_argument("--summary", metavar="TEXT")
    parser.add_argument("--reason", default="Ready for review")


def submit(ctx: Context, args: Namespace) -> int:
    text = read_inline(args.deliverable)
    name = os.path.basename(args.deliverable)
    found = ctx.client.tasks.submit(
        args.id,
        text,
        artifacts=[{"name": name, "type": "DELIVERABLE", "content": text}],
        summary=args.summary,
        checklist=read_checklist(args.checklist) if args.checklist else None,
        reason=args.reason,
        session_key=ctx.settings.session_key,
        idempotency_key=ctx.key,
    )
    return moved(ctx, found)


def add_transition(parser: Parser) -> None:
    parser.add_argument("id", type=numbered("task"), metavar="ID")
    parser.add_argument("status", **{**one_of(values(TaskStatus)), "metavar": "STATUS"})
    parser.add_argument("--reason")


def transition(ctx: Context, args: Namespace) -> int:
    found = ctx.client.tasks.transition(
        args.id,
        args.status,
        reason=args.reason,
        session_key=ctx.settings.session_key,
        idempotency_key=ctx.key,
    )
    return moved(ctx, found)


def moved(ctx: Context, found: TransitionAnswer) -> int:
    if not ctx.json:
        for warning in found.get("warnings") or []:
            ctx.warn(warning)
        if loop := found.get("loop"):
            ctx.warn(f"a loop was found ({loop['type']}); see {loop['messageId']}")
    task, step = found["task"], found["transition"]

    def human() -> str:
        text = f"{clean(task['id'])}: {clean(step['fromStatus'])} -> {clean(step['toStatus'])}"
        return text if task["status"] == step["toStatus"] else f"{text}, now {clean(task['status'])}"

    return ctx.answer(found, human)
