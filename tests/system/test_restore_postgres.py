"""The same on PostgreSQL, by its own programs."""

from __future__ import annotations

import pytest

from tests.conftest import needing
from tests.server import Server, unique
from tests.system.test_restore import backups, restore


@pytest.mark.timeout(480)
def test_a_dump_is_made_and_restored(postgres) -> None:
    with needing("pg_dump", "pg_restore"), Server(DATABASE_URL=postgres.create(unique("backup"))) as server:
        server.ask("POST", "/api/tasks", {"title": "before"})
        status, made = server.ask("POST", "/api/backup")
        assert status == 200, server.log_of("web")
        path = backups(server) / made["backup"]["name"]
        assert server.ask("GET", "/api/backup")[1]["backups"] == [made["backup"]]
        server.ask("POST", "/api/tasks", {"title": "after"})
        refused = restore(server, path)
        assert refused.returncode != 0 and "stop the server first" in refused.stderr, refused.stderr
        server.stop("web")

        damaged = path.with_name("damaged.db")
        damaged.write_bytes(path.read_bytes()[:1000])
        assert restore(server, damaged).returncode != 0
        done = restore(server, path)
        assert done.returncode == 0, done.stderr
        assert server.query("SELECT title FROM tasks_task") == [("before",)]
        (aside,) = path.parent.glob("before-restore-*.dump")
        assert aside.stat().st_size > 1000

        server.start("web")
        assert server.ask("POST", "/api/tasks", {"title": "life goes on"})[0] == 201
