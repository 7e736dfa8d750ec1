"""`python -m missioncontrol.up`, as `make run` calls it, on a folder and a port of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from tests.server import ROOT, free_port

UP = [sys.executable, "-m", "missioncontrol.up"]


def environment(folder: Path, port: int | None = None, **more: str) -> dict[str, str]:
    ours = ("MC_", "DJANGO_", "AUTH_", "API_KEY", "DATABASE_URL", "REDIS_URL", "WEB_", "HOST", "PORT")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    homes = dict.fromkeys(("MC_DATA_DIR", "MC_CLAUDE_HOME", "CODEX_HOME"), str(folder))
    return {**kept, **homes, "PORT": str(port or free_port()), "WEB_CONCURRENCY": "2", **more}


def refused(folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """A start that is expected to fail."""
    return subprocess.run(UP, cwd=ROOT, env=environment(folder, **more), capture_output=True, text=True, timeout=60)


class Running:
    def __init__(self, process: subprocess.Popen[bytes], port: int, output: Path) -> None:
        self.process, self.port, self._output = process, port, output
        self.url = f"http://127.0.0.1:{port}"

    @property
    def output(self) -> str:
        return self._output.read_text()

    @property
    def session(self) -> list[psutil.Process]:
        """Every process that belongs to this start."""
        found = []
        for pid in psutil.pids():
            with suppress(ProcessLookupError, psutil.Error):
                if os.getsid(pid) == self.process.pid and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                    found.append(psutil.Process(pid))
        return found

    def wait_until_it_answers(self, path: str = "/healthz", seconds: float = 60) -> None:
        until = time.monotonic() + seconds
        while True:
            with suppress(OSError):
                urllib.request.urlopen(self.url + path, timeout=5).close()
                return
            assert self.process.poll() is None and time.monotonic() < until, self.output
            time.sleep(0.1)

    def interrupt(self) -> int:
        """Ctrl-C; the exit code."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(15)


@contextmanager
def up(folder: Path, **more: str) -> Iterator[Running]:
    port = free_port()
    output = folder.parent / f"output-{port}.txt"
    with output.open("wb") as file:
        process = subprocess.Popen(
            UP, cwd=ROOT, env=environment(folder, port, **more), stdout=file, stderr=file, start_new_session=True
        )
    running = Running(process, port, output)
    try:
        running.wait_until_it_answers()
        yield running
    finally:
        if process.poll() is None:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(8)
        for left in running.session:
            left.kill()
        process.wait()
