"""Run a command to its end, with nothing of our own environment but the path."""

from __future__ import annotations

import asyncio
import os
import signal
from asyncio.subprocess import PIPE
from contextlib import suppress
from typing import NamedTuple


class Ended(NamedTuple):
    code: int
    out: str
    err: str


async def run(*words: str, environment: dict[str, str] | None = None) -> Ended:
    """A command that is not waited for to its end is killed."""
    clean = {"PATH": os.environ.get("PATH", os.defpath), **(environment or {})}
    process = await asyncio.create_subprocess_exec(*words, env=clean, stdout=PIPE, stderr=PIPE, start_new_session=True)
    try:
        out, err = await process.communicate()
    except asyncio.CancelledError:
        # Not by the process object: asked for a signal, it may take the end of the child away from the loop.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        raise
    return Ended(process.returncode or 0, out.decode(), err.decode())
