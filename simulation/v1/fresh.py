"""A server of its own for one showing: a fresh folder, a free port, and nothing left behind."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import socket
import sys
import tempfile
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from .office import CannotPlay

ROOT = Path(__file__).resolve().parents[2]
OURS = ("MC_", "DJANGO_", "AUTH_", "API_KEY", "DATABASE_URL", "REDIS_URL", "PORT", "HOST")
STARTS_WITHIN = 150.0
ENDS_WITHIN = 10.0


@dataclass(frozen=True, slots=True)
class Access:
    """Where a server is, and how its administrator gets in: by key, and by name and password."""

    url: str
    key: str
    user: str
    password: str


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def fresh_server() -> AsyncIterator[Access]:
    access = Access(f"http://127.0.0.1:{free_port()}", secrets.token_urlsafe(24), "admin", secrets.token_urlsafe(9))
    with tempfile.TemporaryDirectory(prefix="mc-demo-server-", ignore_cleanup_errors=True) as folder:
        log = Path(folder) / "server.log"
        with log.open("wb") as file:
            # A session of its own: Ctrl-C is for the scenario, which ends the server when it has ended.
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "missioncontrol.up", cwd=ROOT, env=_environment(access, folder), stdin=DEVNULL,
                stdout=file, stderr=file, start_new_session=True,
            )  # fmt: skip
        try:
            await _ready(access, process, log)
            yield access
        finally:
            await _end(process)


def _environment(access: Access, folder: str) -> dict[str, str]:
    ours = {
        "MC_DATA_DIR": folder, "PORT": access.url.rpartition(":")[2], "HOST": "127.0.0.1", "API_KEY": access.key,
        "AUTH_USER": access.user, "AUTH_PASS": access.password, "MC_WEBHOOK_ALLOW_PRIVATE": "1",
        "WEB_CONCURRENCY": "1", "MC_LOG_LEVEL": "WARNING", "MC_CLAUDE_HOME": folder, "CODEX_HOME": folder,
    }  # fmt: skip
    return {name: value for name, value in os.environ.items() if not name.startswith(OURS)} | ours


async def _ready(access: Access, process: asyncio.subprocess.Process, log: Path) -> None:
    """Also the worker: webhooks and budgets are its work."""
    end = asyncio.get_running_loop().time() + STARTS_WITHIN
    async with aiohttp.ClientSession() as session:
        while asyncio.get_running_loop().time() < end and process.returncode is None:
            with suppress(aiohttp.ClientError, OSError):
                async with session.get(f"{access.url}/readyz") as answer:
                    if answer.status == 200:
                        return
            await asyncio.sleep(0.2)
    raise CannotPlay(f"The server did not start:\n{log.read_text()[-3000:]}")


async def _end(process: asyncio.subprocess.Process) -> None:
    """By the group: the supervisor ends its processes with itself, and nobody is left if it cannot."""
    for number, seconds in ((signal.SIGTERM, ENDS_WITHIN), (signal.SIGKILL, ENDS_WITHIN)):
        with suppress(ProcessLookupError, TimeoutError):
            os.killpg(process.pid, number) if number == signal.SIGKILL else os.kill(process.pid, number)
            await asyncio.wait_for(process.wait(), seconds)
            return
