"""The pieces that command lines are made of."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable, Iterable
from typing import Any, NoReturn, Protocol

from missioncontrol_client import __version__

from .exits import UsageError


class Run(Protocol):
    def __call__(self, ctx: Any, args: argparse.Namespace) -> int: ...


class Parser(argparse.ArgumentParser):
    """Tells mistakes as errors, so that they are reported like any other."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"allow_abbrev": False, **options})

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see `{self.prog} --help`")

    def choices(self, title: str = "commands", *, required: bool = True) -> argparse._SubParsersAction[Parser]:
        return self.add_subparsers(title=title, metavar="COMMAND", dest=f"choice of {self.prog}", required=required)


def leaf(sub: argparse._SubParsersAction[Parser], name: str, run: Run, help: str, **options: Any) -> Parser:
    """A command that does something."""
    parser = sub.add_parser(name, help=help, description=help, parents=[global_options()], **options)
    parser.set_defaults(run=run)
    return parser


def global_options() -> Parser:
    """The options that may stand before or after the command."""
    parser = Parser(add_help=False, argument_default=argparse.SUPPRESS)
    group = parser.add_argument_group("global options")
    group.add_argument("--json", action="store_true", help="print the API's answer and nothing else")
    group.add_argument("--api-url", metavar="URL", help="where the server is (MC_API_URL)")
    group.add_argument("--agent", metavar="ID", help="the agent that acts (MC_AGENT_ID)")
    group.add_argument("--token", help="its token (MC_AGENT_TOKEN)")
    group.add_argument("--timeout", metavar="MS", help="how long to wait for an answer (MC_DEFAULT_TIMEOUT)")
    group.add_argument("--config", metavar="FILE", help="configuration file (MC_CONFIG)")
    group.add_argument("--idempotency-key", metavar="KEY", help="do this at most once; default: a new key")
    group.add_argument("--version", action="version", version=f"mc {__version__}")
    return parser


def word(text: str) -> str:
    """An enum's value: in-progress is IN_PROGRESS."""
    return text.strip().upper().replace("-", "_")


def words(text: str) -> list[str]:
    return [word(part) for part in text.split(",") if part.strip()]


def names(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def one_of(values: Iterable[str]) -> dict[str, Any]:
    """The options of an argument that takes one of an enum's values."""
    allowed = tuple(values)
    return {"type": word, "choices": allowed, "metavar": "|".join(allowed) if len(allowed) < 6 else None}


def numbered(kind: str) -> Callable[[str], str]:
    """An id of this kind, of which the number is enough: for tasks 7 is task_7."""
    return lambda text: f"{kind}_{text}" if text.isdecimal() else text


def amount(text: str) -> float:
    value = float(text)
    if not math.isfinite(value) or value < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no amount")
    return value


def count(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is below 0")
    return value


def json_object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"not valid JSON: {error}") from error
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError("must be a JSON object")
    return value


def repeated(kind: Callable[[str], list[str]]) -> dict[str, Any]:
    """An option that may be given several times, each time with a comma list."""
    return {"type": kind, "action": "extend", "metavar": "A,B"}
