"""`mc watch`"""

from __future__ import annotations

import time
from argparse import Namespace
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from missioncontrol_client.cli import exits
from missioncontrol_client.cli.arguments import Parser, count, names, repeated
from missioncontrol_client.cli.context import Context
from missioncontrol_client.cli.output import clean

if TYPE_CHECKING:
    from missioncontrol_client.stream import Event

_ABOUT = ("task", "approval", "agent", "alert")
_SAYING = ("title", "actionSummary", "name", "description", "message", "content", "text", "reason", "error")


def add_watch(parser: Parser) -> None:
    parser.add_argument("--types", help="only these, such as task.* or notification", **repeated(names))
    parser.add_argument("--about", metavar="AGENT", help="only what concerns this agent")
    parser.add_argument("--include", help="also what is left out by default: agent_output", **repeated(names))
    parser.add_argument("--since", metavar="EVENT", help="begin after this event instead of now")
    parser.add_argument("--count", type=count, metavar="N", help="end after this many events")
    parser.set_defaults(run=watch)


def watch(ctx: Context, args: Namespace) -> int:
    """Until interrupted, which is how watching ends and no failure."""
    stream = ctx.client.events(types=args.types, agent=args.about, include=args.include, last_event_id=args.since)
    seen = 0
    with suppress(KeyboardInterrupt):
        for event in stream:
            if event.type == "connected" and not ctx.json:
                continue
            print(event.raw if ctx.json else line(event), flush=True)
            # What opens a connection or reports a gap is no event of the log.
            seen += event.type not in ("connected", "resync")
            if args.count is not None and seen >= args.count:
                break
    return exits.OK


def line(event: Event) -> str:
    moment = time.localtime(None if event.timestamp is None else event.timestamp / 1000)
    return f"{time.strftime('%H:%M:%S', moment)}  {clean(event.type):<24}  {_said(event)}".rstrip()


def _said(event: Event) -> str:
    if event.type == "resync":
        return "some events are gone; what you see may have changed meanwhile"
    data: Any = event.data
    if not isinstance(data, dict):
        return "" if data is None else clean(data)
    inner: list[dict[str, Any]] = [data[name] for name in _ABOUT if isinstance(data.get(name), dict)]
    found = {**inner[0], **data} if inner else data
    parts = [clean(found["id"])] if found.get("id") is not None else []
    if found.get("status"):
        was = f"{clean(found['previous_status'])} -> " if found.get("previous_status") else ""
        parts.append(f"{was}{clean(found['status'])}")
    saying = next((found[name] for name in _SAYING if isinstance(found.get(name), str) and found[name]), "")
    return "  ".join([*parts, clean(saying)[:200]] if saying else parts)
