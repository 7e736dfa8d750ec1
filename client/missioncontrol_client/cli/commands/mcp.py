"""`mc mcp`"""

from __future__ import annotations

import signal
from argparse import Namespace

from missioncontrol_client.cli import exits
from missioncontrol_client.cli.arguments import Parser
from missioncontrol_client.cli.context import Context, log_to_stderr
from missioncontrol_client.errors import ConfigError


def add_mcp(parser: Parser) -> None:
    parser.set_defaults(run=serve)


def serve(ctx: Context, args: Namespace) -> int:
    settings = ctx.settings
    log_to_stderr(settings)
    try:
        import mcp.server.lowlevel  # noqa: F401
    except ImportError as error:
        raise ConfigError("`mc mcp` needs the MCP SDK: pip install 'missioncontrol-client[mcp]'") from error
    from missioncontrol_client.mcp_server.server import serve_stdio

    # The thread that reads standard input cannot be interrupted: let the signal end the process.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    serve_stdio(settings)
    return exits.OK
