"""`mc run -- COMMAND`"""

from __future__ import annotations

import signal
import sys
from argparse import Namespace
from collections.abc import Callable
from typing import TYPE_CHECKING

from missioncontrol_client.cli.arguments import Parser, count, numbered
from missioncontrol_client.cli.context import Context
from missioncontrol_client.cli.exits import UsageError
from missioncontrol_client.cli.output import clean
from missioncontrol_client.config import Settings

if TYPE_CHECKING:
    from missioncontrol_client.runner.command import Command
    from missioncontrol_client.runner.core import Report
    from missioncontrol_client.runner.runner import Runner

FORMATS = ("auto", "stream-json", "text")


def add_options(parser: Parser) -> None:
    parser.usage = "mc run [options] -- COMMAND [ARGS]\n       mc run start|end [options]"
    parser.epilog = "What stands after -- is run as the agent; mc ends with its exit code."
    group = parser.add_argument_group("options of mc run -- COMMAND")
    group.add_argument("--format", choices=FORMATS, default="auto", help="of its output; default: as its first line is")
    group.add_argument("--task", type=numbered("task"), metavar="ID", help="the task that it works on")
    group.add_argument("--claim", action="store_true", help="take the task first")
    group.add_argument("--session", metavar="KEY", help="session key (MC_SESSION_KEY); default: a new one")
    group.add_argument("--model", metavar="NAME", help="book under this model; default: as the agent says")
    group.add_argument("--prompt", metavar="TEXT", help="its first message")
    group.add_argument("--messages", action="store_true", default=None, help="give it what operators say, as input")
    group.add_argument("--stay", action="store_true", help="let it wait for more messages when it has answered")
    group.add_argument("--permission-timeout", type=count, default=300, metavar="S", help="10 to 3600; default: 300")
    group.add_argument("--quiet", action="store_true", help="do not show its output here")
    group.add_argument("--drain", type=count, default=10, metavar="S", help="how long to send what is left at its end")
    parser.set_defaults(run=run_command)


def run_command(ctx: Context, args: Namespace) -> int:
    command: list[str] = getattr(args, "command", [])
    if not command:
        raise UsageError("nothing to run: mc run [options] -- COMMAND [ARGS], or mc run start|end")
    if not 10 <= args.permission_timeout <= 3600:
        raise UsageError("--permission-timeout is 10 to 3600 seconds")
    if args.claim and not args.task:
        raise UsageError("--claim needs --task")
    me = ctx.me
    if args.claim:
        ctx.client.tasks.claim(args.task)
    from missioncontrol_client.runner.runner import Runner

    runner = Runner(ctx.client, session_key=args.session or _own_session(ctx.settings, me), task_id=args.task)
    agent = _agent(runner, command, args)
    runner.start()
    try:
        return _until_it_stays_ended(runner, agent, lambda: _agent(runner, command, args))
    finally:
        _tell(ctx, runner.close(args.drain))


def _agent(runner: Runner, command: list[str], args: Namespace) -> Command:
    from missioncontrol_client.runner.command import Command

    agent = Command(
        runner,
        command,
        format=args.format,
        model=args.model,
        messages=args.messages,
        stays=args.stay,
        prompt=args.prompt,
        quiet=args.quiet,
        permission_timeout=args.permission_timeout,
    )
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, frame: agent.interrupt(number))
    return agent


def _until_it_stays_ended(runner: Runner, agent: Command, again: Callable[[], Command]) -> int:
    from missioncontrol_client.runner.process import CannotStart

    runner.knows_its_standing(2.0)
    while True:
        try:
            outcome = agent.run()
        except CannotStart as error:
            runner.error(str(error))
            print(f"Error: {clean(error)} ({error.code})", file=sys.stderr)
            return error.exit_code
        if not agent.wants_restart:
            return outcome.code
        agent = again()


def _own_session(settings: Settings, me: str) -> str | None:
    """The one that is configured; the one that every command of the agent has by default is no name for a run."""
    return None if settings.session_key == f"cli:{me}" else settings.session_key


def _tell(ctx: Context, report: Report) -> None:
    """What did not arrive."""
    if report.unsent:
        later = f"the agent's next run on this machine sends what is left of session {report.session_key}"
        ctx.warn(f"the server does not have all output yet ({report.unsent} items); {later}")
    if report.lost:
        ctx.warn(f"output is lost ({report.lost} items): the server was away too long to keep it all")
    if report.rejected:
        ctx.warn(f"the server has refused some output ({report.rejected} items)")
