"""An installation that ran on SQLite goes on on PostgreSQL."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing

import pytest

from tests.realtime.listening import listening
from tests.server import ROOT, Server, unique
from tests.webhooks.receiver import Receiver

ROWS = int(os.environ.get("MC_TEST_MOVED_ROWS", "10000"))
PATIENCE = 900 + ROWS // 250
SHARES = {"--agents": 0.01, "--tasks": 0.15, "--usage": 0.25, "--activities": 0.3}
# A row in every table that has none.
EVERYWHERE = f"""
import sys; sys.path.insert(0, {str(ROOT)!r})
from django.apps import apps
from tests.anyrow import any_row
for model in apps.get_models(include_auto_created=True):
    if not model._base_manager.exists():
        any_row(model)
answer = sorted(model._meta.db_table for model in apps.get_models(include_auto_created=True))
"""
NESTED = '{"nul": "a\\u0000b", "half": "\\ud83d", "n": 1e2, "deep": [1e19]}'
ODD = [
    ("UPDATE tasks_task SET title = 'a' || char(0) || 'b' WHERE id = 1",),
    ("UPDATE tasks_task SET metadata = ? WHERE id = 1", NESTED),
    ("UPDATE tasks_task SET created_at = '2026-01-02 03:04:05' WHERE id = 2",),
    ("UPDATE tasks_task SET description = ? WHERE id = 2", "tab\t, line\n, back\\slash, \\N, and \U0001f680"),
    # The newest event is gone: its id must not come again.
    ("DELETE FROM activity_event WHERE id = (SELECT max(id) FROM activity_event)",),
    ("INSERT INTO activity_reader (name, position) VALUES ('some.reader', 7)",),
]  # fmt: skip
BUSY = """
from datetime import timedelta
from django.utils import timezone
from activity.models import Lease
from system.models import JobRecord
now = timezone.now()
Lease.objects.create(name="held", holder="somebody", until=now + timedelta(days=1))
JobRecord.objects.update_or_create(id="liveness", defaults={"next_run": now, "running_since": now})
"""


def manage(server: Server, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command of the product; the moves of SQLite's file need its address only."""
    known = {**server.environment, **environment}
    command = [sys.executable, "manage.py", *words]
    return subprocess.run(command, cwd=ROOT, env=known, capture_output=True, text=True, check=False)


def move(server: Server, url: str, *words: str) -> subprocess.CompletedProcess[str]:
    return manage(server, "move_to_postgres", *words, DATABASE_URL=url)


def on_sqlite(server: Server, statement: str, *values: object) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(server.database)) as database, database:
        return database.execute(statement, values).fetchall()


@pytest.fixture(scope="module")
def installation():
    """A stopped server's folder, with rows in every table, and the tables' names."""
    with Server() as server:
        server.stop("web")
        sizes = [word for name, share in SHARES.items() for word in (name, str(int(ROWS * share)))]
        filled = manage(server, "fill", *sizes)
        assert filled.returncode == 0, filled.stderr
        tables = server.django(EVERYWHERE)
        server.django(BUSY)
        for statement, *values in ODD:
            on_sqlite(server, statement, *values)
        yield server, tables


@pytest.mark.timeout(PATIENCE)
def test_everything_moves_and_nothing_comes_on_top(installation, postgres) -> None:
    server, tables = installation
    counts = {name: on_sqlite(server, f'SELECT count(*) FROM "{name}"')[0][0] for name in tables}
    last = on_sqlite(server, "SELECT seq FROM sqlite_sequence WHERE name = 'activity_event'")[0][0]
    assert sum(counts.values()) >= ROWS * 0.8 and all(counts.values())
    url = postgres.create(unique("moved"))

    done = move(server, url, "--replace")
    assert done.returncode == 0, done.stderr
    assert "What to do next" in done.stdout and "rows/s" in done.stdout

    moved = Server(folder=server.folder, DATABASE_URL=url)
    # The cursor of SQLite's search is of no use there.
    gone = (
        {"activity_reader": 1} if on_sqlite(server, "SELECT 1 FROM activity_reader WHERE name LIKE '%search%'") else {}
    )
    for name, count in counts.items():
        assert moved.query(f'SELECT count(*) FROM "{name}"') == [(count - gone.get(name, 0),)], name
    sums = "SELECT sum(input_tokens), sum(cost_microusd), count(DISTINCT session_id), sum(id) FROM tokens_tokenusage"
    assert [tuple(map(int, row)) for row in moved.query(sums)] == on_sqlite(server, sums)
    counted = {name: on_sqlite(server, f'SELECT count(*) FROM "{name}"')[0][0] for name in tables}
    assert counted == counts
    titles = "SELECT id, title, status, priority, position FROM tasks_task WHERE id > 1 ORDER BY id"
    assert moved.query(titles) == on_sqlite(server, titles)
    check_odd(moved)
    # Ids go on where they were, the leases of those who ran on SQLite are free.
    assert moved.query("SELECT nextval('activity_event_id_seq')") == [(last + 1,)]
    assert moved.query("SELECT nextval('tasks_task_id_seq') > (SELECT max(id) FROM tasks_task)") == [(True,)]
    assert moved.query("SELECT position FROM activity_reader WHERE name = 'some.reader'") == [(7,)]
    assert moved.query("SELECT count(*) FROM activity_lease WHERE holder <> ''") == [(0,)]
    assert moved.query("SELECT count(*) FROM system_jobrecord WHERE running_since IS NOT NULL") == [(0,)]
    moved.__exit__(None, None, None)

    again = move(server, url)
    assert again.returncode != 0 and "is not empty" in again.stderr and "--replace" in again.stderr


def check_odd(moved: Server) -> None:
    ((title, metadata),) = moved.query("SELECT title, metadata FROM tasks_task WHERE id = 1")
    assert title == "a\ufffdb"
    assert metadata == {"nul": "a\ufffdb", "half": "\ufffd", "n": 100, "deep": [10**19]}
    ((created, description),) = moved.query("SELECT created_at, description FROM tasks_task WHERE id = 2")
    assert created.isoformat() == "2026-01-02T03:04:05+00:00"
    assert description == "tab\t, line\n, back\\slash, \\N, and \U0001f680"


def schema(server: Server) -> list[tuple[object, ...]]:
    """Constraints, and indexes by name: PostgreSQL writes a condition that it has read again in another way."""
    return server.query(
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE conrelid <> 0 AND connamespace = current_schema()::regnamespace"
        " UNION ALL SELECT tablename, indexname, '' FROM pg_indexes WHERE schemaname = current_schema()"
        " ORDER BY 1, 2, 3"
    )


@pytest.mark.timeout(PATIENCE)
def test_what_does_not_fit_is_told_and_nothing_moves(installation, postgres) -> None:
    server, _ = installation
    url = postgres.create(unique("misfit"))
    target = Server(folder=server.folder, DATABASE_URL=url)
    empty = schema(target)
    try:
        kept = on_sqlite(server, "SELECT max(id), name FROM agents_agent")[0]
        on_sqlite(server, "UPDATE agents_agent SET name = ? WHERE id = ?", "x" * 5000, kept[0])
        done = move(server, url, "--replace")
        assert done.returncode != 0 and f"agents_agent {kept[0]}: name is longer than" in done.stderr
        on_sqlite(server, "UPDATE agents_agent SET name = ? WHERE id = ?", kept[1], kept[0])
        # Past what SQLite would check: found while the constraints are made again, at the very end.
        with closing(sqlite3.connect(server.database)) as database, database:
            database.execute("UPDATE tasks_transition SET task_id = 999999999 WHERE id = 1")
        done = move(server, url, "--replace")
        assert done.returncode != 0 and "Nothing was moved" in done.stderr and "999999999" in done.stderr
        assert "Traceback" not in done.stderr
        assert target.query("SELECT count(*) FROM tasks_task") == [(0,)]
        assert target.query("SELECT count(*) FROM accounts_workspace") == [(1,)]
        on_sqlite(server, "UPDATE tasks_transition SET task_id = 1 WHERE id = 1")
        assert move(server, url, "--replace").returncode == 0
        assert schema(target) == empty
    finally:
        target.__exit__(None, None, None)


def test_what_cannot_be_moved_is_refused(installation, postgres, tmp_path) -> None:
    server, _ = installation
    url = postgres.create(unique("refused"))
    text = tmp_path / "text.db"
    text.write_text("not a database")
    for words, environment, told in (
        (("--from", str(tmp_path / "absent.db")), {"DATABASE_URL": url}, "There is no file"),
        (("--from", str(text)), {"DATABASE_URL": url}, "cannot be read"),
        ((), {}, "Set DATABASE_URL"),
        ((), {"DATABASE_URL": "postgres://nobody@127.0.0.1:9/none"}, "PostgreSQL refused"),
    ):
        done = manage(server, "move_to_postgres", *words, **environment)
        assert done.returncode != 0 and told in done.stderr, (told, done.stderr)
        assert "Traceback" not in done.stderr


def until(happened, seconds: float = 180) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "in vain"
        time.sleep(0.05)


@pytest.mark.timeout(900)
def test_readers_and_clients_go_on_where_they_were(postgres) -> None:
    """A webhook and a stream hear of everything once: from before, of what nobody was there to read, from after."""
    local = {"MC_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8"}

    def add(server: Server, *titles: str) -> None:
        for title in titles:
            assert server.ask("POST", "/api/tasks", {"title": title})[0] == 201

    with Receiver() as receiver, Server(worker=True, **local) as old:
        until(lambda: len(old.query("SELECT 1 FROM activity_reader WHERE name LIKE '%feed_webhooks'")) == 2)
        hook = {"name": "ci", "url": receiver.url, "events": ["activity.task_created"]}
        assert old.ask("POST", "/api/webhooks", hook)[0] == 200
        with listening(old) as stream:
            add(old, "one", "two")
            stream.wait_for_title("two")
            last = stream.ids[-1]
        # Of each task two events of the log: what happened, and its story.
        until(lambda: len(receiver.got) == 4)
        refused = move(old, postgres.create(unique("running")))
        assert refused.returncode != 0 and "stop it first" in refused.stderr
        old.stop("worker")
        add(old, "three", "four")
        old.stop("web")

        url = postgres.create(unique("going-on"))
        done = move(old, url, "--replace")
        assert done.returncode == 0, done.stderr
        with (
            Server(worker=True, folder=old.folder, DATABASE_URL=url, **local) as new,
            listening(new, last_event_id=str(last)) as stream,
        ):
            add(new, "five")
            stream.wait_for_title("five")
            assert stream.titles() == ["three", "four", "five"]
            assert stream.ids == sorted(set(stream.ids)) and stream.ids[0] > last
            until(lambda: len(receiver.got) >= 10)
            position = "SELECT min(position) FROM activity_reader WHERE name LIKE '%feed_webhooks'"
            newest = new.query("SELECT max(id) FROM activity_event")[0][0]
            until(lambda: new.query(position)[0][0] >= newest)
            titles = ("one", "two", "three", "four", "five")
            heard = Counter(title for got in receiver.got for title in titles if f'"{title}"' in got.raw.decode())
            assert heard == dict.fromkeys(titles, 2)
            assert len({got.headers["webhook-id"] for got in receiver.got}) == 10
            assert new.ask("GET", "/api/search?q=three")[1]
