"""`mc notify ...`"""

from __future__ import annotations

from argparse import Namespace

from missioncontrol_client.cli.arguments import Parser, count, leaf, numbered, repeated, words
from missioncontrol_client.cli.context import Context
from missioncontrol_client.cli.output import clean, table

COLUMNS = ("id", "status", "type", "taskId", "title")


def add_notify(parser: Parser) -> None:
    sub = parser.choices()
    listing = leaf(sub, "list", list_, "list the agent's notifications")
    listing.add_argument("--status", **repeated(words))
    listing.add_argument("--type", **repeated(words))
    listing.add_argument("--limit", type=count, metavar="N")
    listing.add_argument("--before", type=numbered("notif"), metavar="ID", help="only older ones")
    acking = leaf(sub, "ack", ack, "acknowledge a notification")
    acking.add_argument("id", type=numbered("notif"), metavar="ID")
    acking.add_argument("--external-id", metavar="ID")


def list_(ctx: Context, args: Namespace) -> int:
    found = ctx.client.notifications.list(
        target_agent_id=ctx.settings.agent_id,
        status=args.status,
        type=args.type,
        limit=args.limit,
        before=args.before,
    )
    return ctx.answer(found, lambda: table(found["notifications"], COLUMNS, empty="No notifications"))


def ack(ctx: Context, args: Namespace) -> int:
    found = ctx.client.notifications.ack(args.id, external_id=args.external_id, idempotency_key=ctx.key)
    note = found["notification"]
    return ctx.answer(found, lambda: f"{clean(note['id'])}: {clean(note['status'])}")
