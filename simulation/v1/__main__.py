"""`python -m simulation.v1`: four agents by four ways in, on a fresh server or on the one that is named."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from argparse import ArgumentParser, Namespace
from contextlib import AsyncExitStack, suppress

import aiohttp

from .agents.hands import Refused
from .fresh import Access, fresh_server
from .office import CannotPlay
from .person import ByForms
from .play import Play
from .report import show
from .stage import Stage, TooLong
from .teller import Teller

INTERRUPTED = 130
TWO_MINUTES, AN_HOUR = 120.0, 3600.0


def options() -> Namespace:
    parser = ArgumentParser(prog="python -m simulation.v1", description=__doc__)
    add = parser.add_argument
    add("--url", help="a server that runs already; otherwise one is started for this showing, and ended with it")
    add("--key", default=os.environ.get("API_KEY", ""), help="its administrator's API key (API_KEY)")
    add("--user", default=os.environ.get("AUTH_USER", "admin"), help="who signs in at its dashboard (%(default)s)")
    add("--password", default=os.environ.get("AUTH_PASS", ""), help="their password (AUTH_PASS)")
    add("--pace", type=float, default=1.0, help="1 is as fast as it goes; 3 leaves time to read and to look")
    add("--by-hand", action="store_true", help="you are the person: decide and review at the dashboard yourself")
    add("--keep", action="store_true", help="leave the fresh server running until Ctrl-C, to look at it")
    return parser.parse_args()


async def play(chosen: Namespace) -> int:
    # Ctrl-C cancels this task; so shall whoever ends it otherwise, for the server must not outlive it.
    if task := asyncio.current_task():
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    async with AsyncExitStack() as stack:
        access = await _server(chosen, stack)
        teller = Teller()
        teller.aside(f"\n  Look at it         {access.url}")
        if not chosen.url:
            teller.aside(f"  Sign in as         {access.user}\n  Password           {access.password}")
        teller.aside("  Stop with Ctrl-C\n")
        person = await stack.enter_async_context(ByForms(access.url, access.user, access.password))
        stage = Stage(
            teller, pace=chosen.pace, patience=AN_HOUR if chosen.by_hand else TWO_MINUTES * max(chosen.pace, 1)
        )
        audit = await Play(access.url, access.key, person, stage, by_hand=chosen.by_hand).run()
        show(audit, teller.console)
        if not chosen.url and not (chosen.keep or chosen.by_hand):
            teller.aside("\nThe server ends now. To look at all this in the browser: make demo-v1 ARGS=--keep")
        else:
            teller.aside(f"\nLook at it in the browser: {access.url}/")
        if not chosen.url and (chosen.keep or chosen.by_hand):
            teller.aside(f"Sign in as {access.user} with {access.password}. Ctrl-C ends the server.")
            with suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
        return 0 if audit.agrees else 1


async def _server(chosen: Namespace, stack: AsyncExitStack) -> Access:
    if not chosen.url:
        Teller().aside("Starting a server for this showing ...")
        return await stack.enter_async_context(fresh_server())
    if not (chosen.key and chosen.password):
        raise CannotPlay("With --url give --key and --password of an administrator, or API_KEY and AUTH_PASS.")
    return Access(chosen.url.rstrip("/"), chosen.key, chosen.user, chosen.password)


def reasons(error: BaseException) -> list[str]:
    """Those of a whole group, one line each."""
    if isinstance(error, BaseExceptionGroup):
        return [line for one in error.exceptions for line in reasons(one)]
    expected = isinstance(error, (CannotPlay, Refused, TooLong))
    return [str(error) if expected else f"{type(error).__name__}: {error}"]


def main() -> int:
    try:
        return asyncio.run(play(options()))
    except (KeyboardInterrupt, asyncio.CancelledError):
        print("\nEnded early; nothing was compared.", file=sys.stderr)
        return INTERRUPTED
    except (CannotPlay, Refused, TooLong, OSError, aiohttp.ClientError, BaseExceptionGroup) as error:
        for line in reasons(error):
            print(line, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
