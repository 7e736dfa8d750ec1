"""A backup made while everybody writes, put back, and compared."""

from __future__ import annotations

import gzip
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
REPORT = {"model": "claude-sonnet-4", "sessionId": "nova:cli", "inputTokens": 1500, "outputTokens": 800}
SPENT = "count(*), sum(input_tokens), sum(output_tokens), sum(cost_microusd)"
ADDED_UP = "sum(requests), sum(input_tokens), sum(output_tokens), sum(cost_microusd)"


def restore(server: Server, path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", "restore", str(path)]
    environment = {**server.environment, **environment}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def unpacked(path: Path, target: Path) -> Path:
    """As `gunzip` would."""
    target.write_bytes(gzip.decompress(path.read_bytes()))
    return target


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
            assert self.server.ask("POST", "/api/tokens", REPORT)[0] == 200

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


def test_a_backup_made_while_others_write_is_one_moment_and_can_be_restored(tmp_path) -> None:
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

        with closing(sqlite3.connect(unpacked(path, tmp_path / "copy.db"))) as copy:
            kept = {id for (id,) in copy.execute("SELECT id FROM tasks_task")}
            # One moment: each task with its number, its tally and its story.
            assert copy.execute("SELECT sum(n) FROM tasks_tally").fetchone() == (len(kept),)
            assert copy.execute("SELECT ticket_counter FROM projects_project").fetchone() == (len(kept),)
            told = copy.execute("SELECT count(*) FROM activity_event WHERE type = 'task_created'").fetchone()
            assert told == (len(kept),)
            # Each sort of sum is of the same reports.
            spent = copy.execute(f"SELECT {SPENT} FROM tokens_tokenusage").fetchone()
            for sort in ("total", "model", "agent", "session"):
                sums = copy.execute(f"SELECT {ADDED_UP} FROM tokens_rollup WHERE dimension = ?", [sort]).fetchone()
                assert sums == spent and spent[0] > 0, sort
            assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert copy.execute("PRAGMA foreign_key_check").fetchall() == []
            contents = copy.execute("SELECT id, title, description FROM tasks_task ORDER BY id").fetchall()
        assert set(before) <= kept

        server.stop("worker"), server.stop("web")
        done = restore(server, path)
        assert done.returncode == 0, done.stderr
        assert "its checksum was right" in done.stdout
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
    names = ("a.db", "b.db", "c.db", "d.db", "e.db", "f.db", "g.db")
    damaged, foreign, text, newer, cut, changed, dump = (tmp_path / name for name in names)
    plain, packed = unpacked(backup, newer).read_bytes(), backup.read_bytes()
    damaged.write_bytes(plain[: len(plain) // 2])
    cut.write_bytes(packed[: len(packed) // 2])
    dump.write_bytes(b"PGDMP...")
    changed.write_bytes(packed[:-9] + bytes([packed[-9] ^ 1]) + packed[-8:])
    shutil.copy(f"{backup}.sha256", f"{changed}.sha256")
    text.write_text("not a database")
    with closing(sqlite3.connect(foreign)) as database:
        database.execute("CREATE TABLE t (x)")
    with closing(sqlite3.connect(newer)) as database, database:
        database.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('tasks', '9999_x', '2030-01-01')")
    for path, words in (
        (damaged, ("damaged", "cannot be read")),
        (foreign, ("is no database",)),
        (text, ("cannot be read",)),
        (newer, ("newer version",)),
        (cut, ("is damaged",)),
        (changed, ("its checksum is not the one",)),
        (dump, ("set DATABASE_URL",)),
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


def test_an_older_backup_that_is_not_packed_can_be_restored(stopped, tmp_path) -> None:
    server, backup = stopped
    done = restore(server, unpacked(backup, tmp_path / "older.db"))
    assert done.returncode == 0, done.stderr
    assert "there was no checksum" in done.stdout
    assert server.query("SELECT count(*) FROM accounts_workspace") == [(1,)]


def test_a_backup_is_restored_into_a_folder_that_is_not_there_yet(stopped, tmp_path) -> None:
    server, backup = stopped
    elsewhere = tmp_path / "new" / "home"
    done = restore(server, backup, MC_DATA_DIR=str(elsewhere))
    assert done.returncode == 0, done.stderr
    assert "kept as" not in done.stdout
    with Server(folder=elsewhere) as copy:
        assert copy.ask("GET", "/api/tasks?limit=1")[0] == 200


UNDER_WAY = """
from datetime import timedelta
from django.utils import timezone
from activity.models import Lease
from system.models import JobRecord
from system.services.backups import create_backup
from accounts.services import open_default_workspace
from core.actors import system
now = timezone.now()
Lease.objects.create(name="job:liveness", holder="somebody", until=now + timedelta(days=1))
JobRecord.objects.update_or_create(id="liveness", defaults={"next_run": now, "running_since": now, "deaths": 2})
answer = create_backup(actor=system(open_default_workspace().pk), now=now).name
"""


def test_what_was_under_way_is_over_after_restoring(stopped) -> None:
    server, _ = stopped
    path = backups(server) / server.django(UNDER_WAY)
    assert restore(server, path).returncode == 0
    assert server.query("SELECT running_since, deaths FROM system_jobrecord WHERE id = 'liveness'") == [(None, 0)]
    held = "SELECT count(*) FROM activity_lease WHERE holder <> '' OR until > datetime('now', '+1 minute')"
    assert server.query(held) == [(0,)]
