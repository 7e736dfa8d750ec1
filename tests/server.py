"""A real server, started as users start it: its own folder, a free port, its own processes."""

from __future__ import annotations

import atexit
import contextlib
import os
import secrets
import shlex
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson
import psutil
import psycopg

ROOT = Path(__file__).resolve().parent.parent
NOT_INHERITED = ("MC_", "DJANGO_", "AUTH_", "DATABASE_URL", "REDIS_URL")
ADMIN, PASSWORD, KEY = "admin", "correct horse battery", "server-test-key"
COMMANDS = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines() if ": " in line)
COMMANDS["beat"] = "python -m celery --quiet --app missioncontrol.celery beat --loglevel WARNING"
COMMANDS["control"] = "python manage.py controlchannel"


def free_port() -> int:
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """`with Server(workers=2) as server: server.get("/api/tasks")`. Each process can be killed and started again."""

    def __init__(
        self,
        *,
        web: int = 1,
        worker: bool = False,
        beat: bool = False,
        control: bool = False,
        folder: Path | None = None,
        **environment: str,
    ) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="mc-server-")
        self.folder = folder or Path(self._temporary.name)
        self.port = free_port()
        self.others = ["worker"] * worker + ["beat"] * beat + ["control"] * control
        self.key = KEY
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(NOT_INHERITED)},
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "DJANGO_SETTINGS_MODULE": "missioncontrol.settings",
            "PORT": str(self.port),
            "HOST": "127.0.0.1",
            "MC_DATA_DIR": str(self.folder),
            "MC_CLAUDE_HOME": str(self.folder),
            "CODEX_HOME": str(self.folder),
            "API_KEY": KEY,
            "AUTH_USER": ADMIN,
            "AUTH_PASS": PASSWORD,
            "MC_API_KEYS": "operator:operator-key,viewer:viewer-key",
            "MC_DISABLE_RATE_LIMIT": "1",
            "MC_LOG_LEVEL": "WARNING",
            "WEB_CONCURRENCY": str(web),
            **environment,
        }
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._logs: dict[str, str] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def prepare(self) -> None:
        """Tables, first administrator, default workspace."""
        script = (
            "import django; django.setup(); from missioncontrol import firstrun as f; f.prepare_database(); f.welcome()"
        )
        subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=self.environment, check=True)

    def _begin_where_a_first_start_ends(self) -> None:
        """As `prepare`, in no time: one first start serves all servers of a test run."""
        if "DATABASE_URL" in self.environment or self.database.exists():
            return
        for name in ("mission-control.db", ".auto-generated"):
            shutil.copy(prepared_folder() / name, self.folder / name)

    def __enter__(self) -> Self:
        self._begin_where_a_first_start_ends()
        try:
            for name in ("web", *self.others):
                self.start(name)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for name in list(self.processes):
            self.stop(name)
        self._logs = {path.stem: path.read_text() for path in self.folder.glob("*.log")}
        self._temporary.cleanup()

    def django(self, code: str) -> Any:
        """Run Python code in a process that shares the server's database; the value of `answer` comes back."""
        script = f"import json, django; django.setup(); answer = None\n{code}\nprint(json.dumps(answer))"
        done = subprocess.run(
            [sys.executable, "-c", script], cwd=ROOT, env=self.environment, check=True, stdout=subprocess.PIPE
        )
        return orjson.loads(done.stdout.splitlines()[-1])

    @property
    def database(self) -> Path:
        return self.folder / "mission-control.db"

    def query(self, text: str) -> list[tuple[Any, ...]]:
        """Ask the server's database directly, as another process."""
        if url := self.environment.get("DATABASE_URL"):
            with psycopg.connect(url) as postgres:
                return postgres.execute(text).fetchall()  # type: ignore[call-overload]
        with contextlib.closing(sqlite3.connect(self.database, timeout=30)) as database:
            return database.execute(text).fetchall()

    def processes_of(self, name: str) -> list[psutil.Process]:
        """The children of that process that serve, without helpers of the multiprocessing module."""
        found = []
        for child in psutil.Process(self.processes[name].pid).children():
            with contextlib.suppress(psutil.Error):  # just died
                if "spawn_main" in " ".join(child.cmdline()):
                    found.append(child)
        return found

    def log_of(self, name: str) -> str:
        """What the process wrote; also after the server has ended."""
        return self._logs.get(name) or (self.folder / f"{name}.log").read_text()

    def wait_until_ready(self, seconds: float = 30, *, status: str = "") -> dict[str, str]:
        """What `/readyz` says once it answers 200 (and this status), or in the end."""
        until = time.monotonic() + seconds
        while True:
            code, answer = self.ask("GET", "/readyz", key=None)
            if (code == 200 and status in ("", answer["status"])) or time.monotonic() > until:
                return dict(answer["checks"])
            time.sleep(0.1)

    def start(self, name: str) -> None:
        command = shlex.split(COMMANDS[name])
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                command, cwd=ROOT, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        if name == "web":
            self.wait_until_alive()

    def stop(self, name: str) -> None:
        process = self.processes.pop(name)
        process.terminate()
        try:
            process.wait(8)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def kill(self, name: str) -> None:
        """`kill -9` of the process and its children."""
        process = self.processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def wait_until_alive(self, seconds: float = 60) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{self.url}/healthz", timeout=2).close()
                return
            if self.processes["web"].poll() is not None:
                break
            time.sleep(0.05)
        raise RuntimeError(f"the server did not start:\n{(self.folder / 'web.log').read_text()[-3000:]}")

    def sign_in(self, username: str = ADMIN, password: str = PASSWORD) -> str:
        """The `Cookie` header of a person who has signed in."""
        body = orjson.dumps({"username": username, "password": password})
        asked = urllib.request.Request(f"{self.url}/api/auth/login", data=body, method="POST")
        with urllib.request.urlopen(asked, timeout=30) as answer:
            cookies = [value.partition(";")[0] for value in answer.headers.get_all("set-cookie")]
        return "; ".join(cookie for cookie in cookies if not cookie.endswith("="))

    def ask(
        self, method: str, path: str, body: Any = None, *, key: str | None = KEY, headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        """(status, body): JSON decoded where it is JSON."""
        status, _, answer = self.ask_raw(method, path, body, key=key, headers=headers)
        with contextlib.suppress(orjson.JSONDecodeError):
            return status, orjson.loads(answer)
        return status, answer

    def ask_raw(
        self, method: str, path: str, body: Any = None, *, key: str | None = KEY, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        sent = body if isinstance(body, bytes) else None if body is None else orjson.dumps(body)
        asked = urllib.request.Request(f"{self.url}{path}", data=sent, method=method, headers=headers or {})
        if key:
            asked.add_header("x-api-key", key)
        try:
            with urllib.request.urlopen(asked, timeout=30) as answer:
                return answer.status, dict(answer.headers), answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, dict(error.headers), error.read()


@lru_cache(maxsize=1)
def prepared_folder() -> Path:
    first = Server()
    atexit.register(first.__exit__, None, None, None)
    first.prepare()
    return first.folder


def unique(prefix: str) -> str:
    return f"{prefix}-{secrets.token_hex(4)}"
