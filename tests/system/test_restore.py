"""A backup made while everybody writes, put back, and compared."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.server import ROOT, Server, unique

WRITERS = 4


def restore(server: Server, path: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", "restore", str(path)]
    return subprocess.run(command, cwd=ROOT, env=server.environment, capture_output=True, text=True, check=False)


def backups(server: Server) -> Path:
    return server.folder / "backups"


class Writing:
    """Some threads that make tasks as fast as the server takes them, and remember which it said yes to."""

    def __init__(self, server: Server) -> None:
        self.server, self.done = server, threading.Event()
        self.acknowledged: list[int] = []
        self.slowest = 0.0
        self._threads = [threading.Thread(target=self._write) for _ in range(WRITERS)]

    def _write(self) -> None:
        while not self.done.is_set():
            began = time.monotonic()
            status, body = self.server.ask("POST", "/api/tasks", {"title": unique("task"), "description": "x" * 2000})
            assert status == 201, body
            self.slowest = max(self.slowest, time.monotonic() - began)
            self.acknowledged.append(body["task"]["id"])

    def __enter__(self) -> Writing:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.done.set()
        for thread in self._threads:
            thread.join()

    def wait_for(self, n: int) -> list[int]:
        while len(self.acknowledged) < n:
            threading.Event().wait(0.01)
        return list(self.acknowledged)


def test_a_backup_made_while_others_write_is_one_moment_and_can_be_restored() -> None:
    with Server(worker=True) as server:
        with Writing(server) as writing:
            before = writing.wait_for(200)
            status, made = server.ask("POST", "/api/backup")
            assert status == 200
            at_the_end = len(writing.acknowledged)
            writing.wait_for(at_the_end + 100)
        # Nobody waited for the copy for long.
        assert writing.slowest < 5
        path = backups(server) / made["backup"]["name"]
        server.ask("POST", "/api/tasks", {"title": "after the backup"})
        refused = restore(server, path)
        assert refused.returncode != 0 and "stop it first" in refused.stderr
        assert server.query("SELECT count(*) FROM tasks_task WHERE title = 'after the backup'") == [(1,)]

        with closing(sqlite3.connect(path)) as copy:
            kept = {id for (id,) in copy.execute("SELECT id FROM tasks_task")}
            # One moment: each task with its number, its tally and its story.
            assert copy.execute("SELECT sum(n) FROM tasks_tally").fetchone() == (len(kept),)
            assert copy.execute("SELECT ticket_counter FROM projects_project").fetchone() == (len(kept),)
            told = copy.execute("SELECT count(*) FROM activity_event WHERE type = 'task_created'").fetchone()
            assert told == (len(kept),)
            contents = copy.execute("SELECT id, title, description FROM tasks_task ORDER BY id").fetchall()
        assert set(before) <= kept

        server.stop("worker"), server.stop("web")
        done = restore(server, path)
        assert done.returncode == 0, done.stderr
        assert server.query("SELECT id, title, description FROM tasks_task ORDER BY id") == contents
        (aside,) = server.folder.glob("mission-control.db.before-restore-*")
        with closing(sqlite3.connect(aside)) as old:
            assert old.execute("SELECT count(*) FROM tasks_task WHERE title = 'after the backup'").fetchone() == (1,)
            assert {id for (id,) in old.execute("SELECT id FROM tasks_task")} >= set(writing.acknowledged)

        server.start("web")
        status, body = server.ask("POST", "/api/tasks", {"title": "life goes on"})
        assert status == 201 and body["task"]["id"] > 0
        assert server.ask("GET", "/api/tasks?limit=1")[1]["total"] == len(kept) + 1


@pytest.fixture(scope="module")
def stopped():
    """The folder of a server that has been stopped, with one backup."""
    with Server() as server:
        status, made = server.ask("POST", "/api/backup")
        assert status == 200
        server.stop("web")
        yield server, backups(server) / made["backup"]["name"]


def test_what_is_damaged_foreign_or_absent_is_refused_and_nothing_changes(stopped, tmp_path) -> None:
    server, backup = stopped
    before = server.database.read_bytes()
    damaged, foreign, text, newer = (tmp_path / name for name in ("a.db", "b.db", "c.db", "d.db"))
    whole = backup.read_bytes()
    damaged.write_bytes(whole[: len(whole) // 2])
    text.write_text("not a database")
    with closing(sqlite3.connect(foreign)) as database:
        database.execute("CREATE TABLE t (x)")
    shutil.copy(backup, newer)
    with closing(sqlite3.connect(newer)) as database, database:
        database.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('tasks', '9999_x', '2030-01-01')")
    for path, words in (
        (damaged, ("damaged", "cannot be read")),
        (foreign, ("is no database",)),
        (text, ("cannot be read",)),
        (newer, ("newer version",)),
        (tmp_path / "absent.db", ("There is no file",)),
    ):
        done = restore(server, path)
        assert done.returncode != 0
        assert any(word in done.stderr for word in words), done.stderr
        assert "Traceback" not in done.stderr
    assert server.database.read_bytes() == before
    assert not list(server.folder.glob("*.before-restore-*"))
    assert not list(server.folder.glob(".*.restoring"))


def test_a_database_that_is_damaged_or_gone_is_replaced(stopped) -> None:
    server, backup = stopped
    server.database.write_bytes(b"garbage" * 1000)
    assert restore(server, backup).returncode == 0
    assert server.query("SELECT count(*) FROM accounts_workspace") == [(1,)]
    server.database.unlink()
    # A log that a crash left behind must not be played into the new file.
    server.database.with_name("mission-control.db-wal").write_bytes(b"stale" * 1000)
    assert restore(server, backup).returncode == 0
    assert server.query("SELECT count(*) FROM accounts_workspace") == [(1,)]
