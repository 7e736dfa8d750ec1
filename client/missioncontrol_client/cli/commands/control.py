"""`mc control`"""

from __future__ import annotations

import json
from argparse import Namespace
from contextlib import suppress
from typing import Any

from missioncontrol_client.cli import exits
from missioncontrol_client.cli.arguments import Parser, count, leaf
from missioncontrol_client.cli.context import Context
from missioncontrol_client.cli.output import clean
from missioncontrol_client.control import ControlChannel


def add_control(parser: Parser) -> None:
    sub = parser.choices()
    leaf(sub, "health", _tell("health"), "how the server fares, with all figures")
    leaf(sub, "status", _tell("status"), "who is connected, and whether heartbeats are on")
    leaf(sub, "last-heartbeat", _tell("last-heartbeat"), "the last heartbeat that was told")
    switch = leaf(sub, "heartbeats", heartbeats, "let the server look after its agents, or not")
    switch.add_argument("to", choices=("on", "off"))
    listen = leaf(sub, "listen", events, "what happens, as it happens")
    listen.add_argument("--count", type=count, metavar="N", help="end after this many events")


def _tell(method: str) -> Any:
    def tell(ctx: Context, args: Namespace) -> int:
        with ControlChannel.of_environment() as channel:
            found = channel.ask(method)
        return ctx.answer(found, lambda: "\n".join(_lines(found or {})) or "none yet")

    return tell


def heartbeats(ctx: Context, args: Namespace) -> int:
    with ControlChannel.of_environment() as channel:
        found = channel.ask("set-heartbeats", enabled=args.to == "on")
    return ctx.answer(found, lambda: f"Heartbeats are {args.to}")


def events(ctx: Context, args: Namespace) -> int:
    """Until interrupted, which is how listening ends and no failure."""
    with ControlChannel.of_environment() as channel, suppress(KeyboardInterrupt):
        for seen, told in enumerate(channel.events(), start=1):
            print(json.dumps(told) if ctx.json else _event(told), flush=True)
            if args.count is not None and seen >= args.count:
                break
    return exits.OK


def _event(told: dict[str, Any]) -> str:
    payload = told.get("payload") or {}
    said = " ".join(f"{clean(key)}={clean(value)}" for key, value in payload.items() if key != "ts")
    return f"{clean(told.get('event')):<16}  {said}"


def _lines(found: dict[str, Any], prefix: str = "") -> list[str]:
    lines = []
    for key, value in found.items():
        if isinstance(value, dict):
            lines += _lines(value, f"{prefix}{clean(key)}.")
        else:
            lines.append(f"{prefix}{clean(key)}: {clean(value if isinstance(value, str) else json.dumps(value))}")
    return lines
