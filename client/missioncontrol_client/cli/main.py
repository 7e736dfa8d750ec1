"""The entry point of `mc`."""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module

from missioncontrol_client.errors import ApiError, MissionControlError

from . import exits
from .arguments import Parser, global_options
from .context import Context
from .output import clean

# command: (what it does, its module)
COMMANDS = {
    "heartbeat": ("say that the agent lives, and see its work", "heartbeat"),
    "task": ("find, claim, plan, discuss and hand in tasks", "task"),
    "approval": ("ask for approvals and decide them", "approval"),
    "permissions": ("answer agents that ask to use a tool, or ask", "permissions"),
    "policy": ("ask whether an action is allowed", "policy"),
    "agent": ("register, watch and control agents", "agent"),
    "run": ("run a command as the agent, or report runs and what they cost", "run"),
    "tool-call": ("report tool calls", "run"),
    "notify": ("read and acknowledge notifications", "notify"),
    "webhooks": ("have webhooks told what happens, and see what became of it", "webhooks"),
    "watch": ("follow the live stream of events", "watch"),
    "control": ("ask the control channel of a server on this machine", "control"),
    "mcp": ("serve the mission_control tool over stdio", "mcp"),
    "completion": ("print the completion script of a shell", "completion"),
}


def main() -> None:
    sys.exit(run(sys.argv[1:]))


def run(argv: list[str]) -> int:
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    if argv[:1] == ["__complete"]:
        from .commands.completion import candidates

        print("\n".join(candidates(argv[1:])))
        return exits.OK
    try:
        code = _run(argv)
        sys.stdout.flush()
        return code
    except MissionControlError as error:
        return report(error, as_json="--json" in argv)
    except KeyboardInterrupt:
        return exits.INTERRUPTED
    except BrokenPipeError:
        # Whoever read has gone; the interpreter must not try again when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exits.BROKEN_PIPE


def _run(argv: list[str]) -> int:
    argv, command = split(argv)
    args = build_parser(set(argv)).parse_args(argv)
    args.command = command
    ctx = Context(args)
    try:
        return int(args.run(ctx, args))
    finally:
        ctx.close()


def split(argv: list[str]) -> tuple[list[str], list[str]]:
    """What is for mc, and the command that `mc run` shall run."""
    first = next((word for word in argv if word in COMMANDS), None)
    if first != "run" or "--" not in argv:
        return argv, []
    end = argv.index("--")
    return argv[:end], argv[end + 1 :]


def build_parser(wanted: set[str]) -> Parser:
    """The command line. Only what is wanted is filled in: the rest would cost every start its time."""
    parser = Parser(prog="mc", description="Mission Control from the command line.", parents=[global_options()])
    sub = parser.choices()
    for name, (help, module) in COMMANDS.items():
        command = sub.add_parser(name, help=help, description=f"{help.capitalize()}.", parents=[global_options()])
        if name in wanted:
            add = getattr(
                import_module(f"missioncontrol_client.cli.commands.{module}"), f"add_{name.replace('-', '_')}"
            )
            add(command)
    return parser


def report(error: MissionControlError, *, as_json: bool) -> int:
    """Tell the error where it is looked for, and its kind by the exit code."""
    if as_json:
        print(json.dumps(error.envelope(), ensure_ascii=False))
        return exits.code_of(error)
    print(f"Error: {clean(error.message)} ({error.code})", file=sys.stderr)
    if isinstance(error, ApiError):
        for item in error.errors:
            print(f"  {clean(item.get('field'))}: {clean(item.get('message'))}", file=sys.stderr)
        if error.allowed_transitions is not None:
            print(f"Allowed: {clean(error.allowed_transitions)}", file=sys.stderr)
        if error.request_id:
            print(f"Request: {clean(error.request_id)}", file=sys.stderr)
    return exits.code_of(error)
