"""A fresh server, started as users start it, in a data folder that is thrown away."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil  # type: ignore[import-untyped]

from bench.wire import Target, free_port, wait_until_answered

ROOT = Path(__file__).resolve().parent.parent
KEY = "bench-" + "0123456789abcdef" * 2
USER, PASSWORD = "admin", "bench-password-of-the-day"
FIRST_START = 120.0
STOPS_WITHIN = 10.0
# A web process by what its command line says; with several of them, spawned ones do not.
WEB = ("missioncontrol.web", "asgi", "multiprocessing.spawn")
MEBIBYTE = 2**20


@dataclass(slots=True)
class Server:
    command: str
    folder: tempfile.TemporaryDirectory[str] = field(
        default_factory=lambda: tempfile.TemporaryDirectory(prefix="bench-")
    )
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self.folder.cleanup()

    @property
    def target(self) -> Target:
        return Target(f"http://127.0.0.1:{self.port}", {"x-api-key": KEY})

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {
            "PORT": str(self.port),
            "HOST": "127.0.0.1",
            "MC_DATA_DIR": self.folder.name,
            "MC_CLAUDE_HOME": self.folder.name,
            "CODEX_HOME": self.folder.name,
            "API_KEY": KEY,
            "AUTH_USER": USER,
            "AUTH_PASS": PASSWORD,
            "WEB_CONCURRENCY": "1",
            "MC_DISABLE_RATE_LIMIT": "1",
            "MC_WS_CONNECTIONS": "20000",
            "MC_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
        }

    def start(self) -> float:
        """Seconds from the command to the first good answer."""
        began = time.perf_counter()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                shlex.split(self.command),
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        wait_until_answered(f"{self.target.url}/api/agents?limit=1", self.target.headers, patience=FIRST_START)
        return time.perf_counter() - began

    def stop(self) -> None:
        """Ctrl-C for the whole process group, as a terminal does it; whoever stays is killed."""
        if self.process is None:
            return
        family = self.family()
        os.killpg(self.process.pid, signal.SIGINT)
        _, left = psutil.wait_procs(family, timeout=STOPS_WITHIN)
        for process in left:
            process.kill()
        self.process.wait()
        self.process = None

    @property
    def log(self) -> Path:
        return Path(self.folder.name) / "bench-server.log"

    def family(self) -> list[psutil.Process]:
        assert self.process
        parent = psutil.Process(self.process.pid)
        return [parent, *parent.children(recursive=True)]

    def memory(self) -> dict[str, float]:
        """MiB of the largest web process and of the largest worker process."""
        sizes = {"web": 0.0, "worker": 0.0}
        for process in self.family():
            try:
                kind, size = _kind(process), process.memory_info().rss / MEBIBYTE
            except psutil.NoSuchProcess:
                continue
            if kind:
                sizes[kind] = max(sizes[kind], size)
        return sizes

    def cpu(self) -> float:
        """Seconds that the web processes have computed."""
        return sum(sum(one.cpu_times()[:2]) for one in self.family() if _kind(one) == "web")

    def manage(self, *words: str) -> None:
        """A management command on the database of this server."""
        python = str(ROOT / ".venv" / "bin" / "python")
        subprocess.run([python, "manage.py", *words], cwd=ROOT, env=self.environment, check=True)


def _kind(process: psutil.Process) -> str:
    words = " ".join(process.cmdline())
    if "celery" in words or "worker" in words:
        return "worker"
    return "web" if any(word in words for word in WEB) else ""
