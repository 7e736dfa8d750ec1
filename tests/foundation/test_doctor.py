"""`manage.py doctor` on deployments that are sound, and on others."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.server import ROOT, Server


def look(server: Server, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", "doctor", *words]
    return subprocess.run(command, cwd=ROOT, env={**server.environment, **more}, capture_output=True, text=True)


def findings(server: Server, **more: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """(exit code, finding by name)"""
    done = look(server, "--json", **more)
    return done.returncode, {line["name"]: line for line in json.loads(done.stdout)["findings"]}


@pytest.fixture(scope="module")
def sound():
    with Server(worker=True, MC_DISABLE_RATE_LIMIT="", MC_API_KEYS="") as running:
        running.wait_until_ready()
        yield running


def test_a_sound_deployment_passes(sound):
    code, found = findings(sound, MC_ALLOWED_HOSTS="localhost,127.0.0.1", API_KEY="a-key-of-more-than-16-characters")
    assert code == 0
    assert {name for name, line in found.items() if line["verdict"] != "ok"} <= {"Disk", "Memory"}
    assert found["Worker"]["fix"] is None


def test_a_person_reads_what_to_do(sound):
    told = look(sound, MC_TIMZONE="Europe/Berlin").stdout
    assert "warning  Environment: MC_TIMZONE is set, and nothing reads it" in told
    assert "→ Did you mean MC_TIMEZONE?" in told
    assert "checks: 0 to mend" in told


def test_a_worker_that_is_away_is_an_error(server):
    code, found = findings(server)
    assert code == 1
    assert found["Worker"]["verdict"] == "error" and "make run" in found["Worker"]["fix"]


def test_settings_that_cannot_be_meant(sound):
    code, found = findings(sound, MC_TIMEZONE="Mars/Olympus", MC_API_KEYS="boss:key,viewer:k", HOST="0.0.0.0")
    assert code == 1
    assert found["Time zone"]["verdict"] == "error"
    assert found["Keys of the environment"]["detail"] == "1 of 2 in MC_API_KEYS cannot be read"
    assert found["Address"]["verdict"] == "warning"


def test_a_database_that_is_gone(sound):
    code, found = findings(sound, DATABASE_URL="postgres://nobody@127.0.0.1:1/none")
    assert code == 1
    assert found["Connection"]["verdict"] == "error" and "DATABASE_URL" in found["Connection"]["fix"]


def test_redis_that_is_away(sound):
    _, found = findings(sound, REDIS_URL="redis://127.0.0.1:1/0")
    assert found["Redis"]["verdict"] == "error"


def test_files_that_others_may_read_and_first_guesses(tmp_path):
    with Server(folder=tmp_path) as running:
        (tmp_path / "mission-control.db").chmod(0o644)
        tmp_path.chmod(0o777)
        running.django(
            "from accounts.models import User; u = User.objects.get(username='admin')\n"
            "u.set_password('changeme'); u.save()"
        )
        code, found = findings(running)
    assert code == 1
    assert found["Data folder"]["verdict"] == "error"
    assert found["File mission-control.db"]["verdict"] == "warning"
    assert found["Passwords"]["detail"] == "everybody's first guess opens admin"
    assert "changeme" not in json.dumps(found)


def test_tables_of_an_older_version(tmp_path):
    with Server(folder=tmp_path) as running:
        running.django(
            "from django.db.migrations.recorder import MigrationRecorder as R; from django.db import connection\n"
            "R(connection).migration_qs.order_by('-id').first().delete()"
        )
        code, found = findings(running)
    assert code == 1
    assert found["Tables"]["detail"].startswith("1 migrations are missing")


def test_no_secret_is_told(sound):
    told = look(sound).stdout
    assert sound.environment["API_KEY"] not in told and sound.environment["AUTH_PASS"] not in told
