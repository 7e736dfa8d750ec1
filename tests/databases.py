"""PostgreSQL and Redis for tests: own folder, own port, gone afterwards."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg
import redis

from tests.server import Server, free_port
from tests.servers import find

PATIENCE = 60.0
UNPRIVILEGED = ("postgres", "nobody")


def wait_for(answers: Callable[[], Any], process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + PATIENCE
    while True:
        with contextlib.suppress(psycopg.Error, redis.RedisError):
            answers()
            return
        if process.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"it did not start:\n{log.read_text()[-2000:]}")
        time.sleep(0.05)


class Daemon:
    """A process with a folder and a port."""

    process: subprocess.Popen[bytes]

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="mc-daemon-"))
        self.port = free_port()
        self.log = self.folder / "log"

    def stop(self) -> None:
        # PostgreSQL: the fast shutdown, which does not wait for clients.
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class Postgres(Daemon):
    """Refuses to run as root, so root starts it as somebody else. Without fsync, which makes it quick."""

    _prepared = False

    def __enter__(self) -> Self:
        program = find("postgres")
        assert program
        rights = self._rights()
        data = self.folder / "data"
        initdb = [Path(program).resolve().with_name("initdb"), "-D", data, "-U", "mc", "-A", "trust", "-E", "UTF8"]
        subprocess.run(
            [*initdb, "--locale=C", "--no-sync"], check=True, cwd=self.folder, stdout=subprocess.DEVNULL, **rights
        )
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(self.folder),
            "fsync": "off",
            "max_connections": "200",
        }
        command = [
            program,
            "-D",
            data,
            "-p",
            str(self.port),
            *(f"--{name}={value}" for name, value in settings.items()),
        ]
        self._start = partial(subprocess.Popen, command, cwd=self.folder, **rights)
        self.start()
        return self

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = self._start(stdout=log, stderr=log)
        wait_for(lambda: self.connect("postgres").close(), self.process, self.log)

    def restart(self) -> None:
        """As for an upgrade: whoever is connected is cut off."""
        self.stop()
        self.start()

    def _rights(self) -> dict[str, Any]:
        if os.geteuid() != 0:
            return {}
        known = {entry.pw_name: entry for entry in pwd.getpwall()}
        account = next(known[name] for name in UNPRIVILEGED if name in known)
        os.chown(self.folder, account.pw_uid, account.pw_gid)
        return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}

    def url(self, database: str) -> str:
        return f"postgres://mc@127.0.0.1:{self.port}/{database}"

    def connect(self, database: str) -> psycopg.Connection[Any]:
        return psycopg.connect(self.url(database), autocommit=True)

    def create(self, database: str) -> str:
        """A new database, as it is after the first start; returns its address."""
        with self.connect("postgres") as connection:
            if not self._prepared:
                connection.execute("CREATE DATABASE prepared")
                first = Server(DATABASE_URL=self.url("prepared"))
                first.prepare()
                first.__exit__(None, None, None)
                self._prepared = True
            connection.execute(f'CREATE DATABASE "{database}" TEMPLATE prepared')
        return self.url(database)


class Redis(Daemon):
    def __enter__(self) -> Self:
        self.start()
        return self

    def start(self) -> None:
        program = find("redis-server")
        assert program
        command = [program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self.folder)]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log)
        wait_for(lambda: self.client().ping(), self.process, self.log)

    def url(self, database: int = 0) -> str:
        return f"redis://127.0.0.1:{self.port}/{database}"

    def client(self, database: int = 0) -> redis.Redis:
        return redis.Redis.from_url(self.url(database))
