"""`mc webhooks ...`: with an administrator's token."""

from __future__ import annotations

import secrets
import sys
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from missioncontrol_client.cli import exits
from missioncontrol_client.cli.arguments import Parser, count, leaf, names, numbered, one_of, repeated
from missioncontrol_client.cli.context import Context
from missioncontrol_client.cli.exits import UsageError
from missioncontrol_client.cli.output import clean, facts, table
from missioncontrol_client.enums import DeliveryStatus, words

if TYPE_CHECKING:
    from missioncontrol_client.objects import Delivery

COLUMNS = ("id", "active", "url", "events")
DELIVERIES = ("id", "status", "event", "attempt", "answer", "durationMs", "createdAt", "nextRetryAt")
SECRET = "read the secret from this file, - for stdin; without one it is made, and printed this once"


def add_webhooks(parser: Parser) -> None:
    sub = parser.choices()
    _paged(leaf(sub, "list", list_, "list the webhooks"))
    creating = leaf(sub, "create", create, "have a webhook told what happens")
    creating.add_argument("--url", required=True)
    creating.add_argument("--events", required=True, **repeated(names))
    creating.add_argument("--secret-file", metavar="PATH", help=SECRET)
    rotating = _of_one(leaf(sub, "rotate", rotate, "replace the secret; the old one goes on signing for a day"))
    rotating.add_argument("--secret-file", metavar="PATH", help=SECRET)
    _of_one(leaf(sub, "enable", enable, "tell it again, beginning with what waits"))
    _of_one(leaf(sub, "disable", disable, "tell it no more for now"))
    _of_one(leaf(sub, "delete", delete, "tell it no more"))
    _of_one(leaf(sub, "test", test, "send a test event, and see what comes of it"))
    listing = _paged(_of_one(leaf(sub, "deliveries", deliveries, "list what it was sent, the newest first")))
    listing.add_argument("--status", **one_of(words(DeliveryStatus)))
    retrying = _of_one(leaf(sub, "retry", retry, "send a delivery once more, and see what comes of it"))
    retrying.add_argument("attempt", type=numbered("attempt"), metavar="ATTEMPT")
    replaying = _of_one(leaf(sub, "replay", replay, "tell once more what happened in a span of time"))
    replaying.add_argument("--since", required=True, metavar="TIME", help="as 2026-01-31T12:00:00Z")
    replaying.add_argument("--until", metavar="TIME")


def _of_one(parser: Parser) -> Parser:
    parser.add_argument("id", type=numbered("webhook"), metavar="ID")
    return parser


def _paged(parser: Parser) -> Parser:
    parser.add_argument("--limit", type=count, metavar="N")
    parser.add_argument("--offset", type=count, metavar="N")
    return parser


def list_(ctx: Context, args: Namespace) -> int:
    found = ctx.client.webhooks.list(limit=args.limit, offset=args.offset)
    return ctx.answer(found, lambda: table(found["webhooks"], COLUMNS, empty="No webhooks"))


def create(ctx: Context, args: Namespace) -> int:
    secret = _secret(args.secret_file)
    found = ctx.client.webhooks.create(args.url, args.events, secret, idempotency_key=ctx.key)
    return _with_secret(ctx, dict(found), f"Created {clean(found['webhook']['id'])}", secret, args.secret_file)


def rotate(ctx: Context, args: Namespace) -> int:
    secret = _secret(args.secret_file)
    found = ctx.client.webhooks.rotate(args.id, secret, idempotency_key=ctx.key)
    return _with_secret(ctx, dict(found), f"{clean(args.id)} has a new secret", secret, args.secret_file)


def _secret(path: str | None) -> str:
    if path is None:
        return secrets.token_urlsafe(32)
    try:
        found = (sys.stdin.read() if path == "-" else Path(path).read_text()).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the secret: {error}") from error
    if not found:
        raise UsageError("the secret is empty")
    return found


def _with_secret(ctx: Context, found: dict[str, Any], said: str, secret: str, path: str | None) -> int:
    """Who gave it, knows it."""
    if path is not None:
        return ctx.answer(found, lambda: said)
    return ctx.answer({**found, "secret": secret}, lambda: facts([("", said), ("Secret", secret)]).lstrip())


def enable(ctx: Context, args: Namespace) -> int:
    return _switch(ctx, args, active=True)


def disable(ctx: Context, args: Namespace) -> int:
    return _switch(ctx, args, active=False)


def _switch(ctx: Context, args: Namespace, *, active: bool) -> int:
    found = ctx.client.webhooks.update(args.id, active=active, idempotency_key=ctx.key)
    return ctx.answer(found, lambda: f"{clean(args.id)} is {'active' if active else 'switched off'}")


def delete(ctx: Context, args: Namespace) -> int:
    ctx.client.webhooks.delete(args.id)
    return ctx.answer({"deleted": args.id}, lambda: f"Deleted {clean(args.id)}")


def test(ctx: Context, args: Namespace) -> int:
    found = ctx.client.webhooks.test(args.id, idempotency_key=ctx.key)
    return _came_of_it(ctx, found, found["delivery"])


def retry(ctx: Context, args: Namespace) -> int:
    found = ctx.client.webhooks.retry(args.id, args.attempt, idempotency_key=ctx.key)
    return _came_of_it(ctx, found, found["delivery"])


def _came_of_it(ctx: Context, found: Any, sent: Delivery) -> int:
    """Fails when the endpoint did."""
    ctx.answer(found, lambda: f"{sent['status']}: {_answer(sent)} in {sent['durationMs']} ms")
    return exits.OK if sent["status"] == "DELIVERED" else exits.FAILED


def deliveries(ctx: Context, args: Namespace) -> int:
    found = ctx.client.webhooks.deliveries(args.id, status=args.status, limit=args.limit, offset=args.offset)
    rows = [{**sent, "answer": _answer(sent)} for sent in found["deliveries"]]
    return ctx.answer(found, lambda: table(rows, DELIVERIES, empty="No deliveries"))


def replay(ctx: Context, args: Namespace) -> int:
    found = ctx.client.webhooks.replay(args.id, args.since, until=args.until, idempotency_key=ctx.key)
    end = found["endedAt"]
    more = f"; go on with --since {clean(end)}" if end else ""
    return ctx.answer(found, lambda: f"{found['queued']} deliveries queued{more}")


def _answer(sent: Delivery) -> str:
    return clean(sent["response"]["status"] if sent["response"] else sent["error"])
