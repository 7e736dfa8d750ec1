"""`manage.py doctor` on deployments that are sound, and on others."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.notifications.standins import MailServer
from tests.server import ROOT, Server
from tests.webhooks.receiver import Receiver


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


BOT = "12345678:AAbotsecretbotsecretbotsecretbotsecret"


def telegram(api: Receiver, chat: str = "-100") -> dict[str, str]:
    return {
        "MC_TELEGRAM_API_URL": api.url.removesuffix("/hook"),
        "MC_TELEGRAM_BOT_TOKEN": BOT,
        "MC_TELEGRAM_CHAT_ID": chat,
    }


def test_without_channels_there_is_nothing_to_mend(sound):
    assert findings(sound)[1]["Channels"]["verdict"] == "ok"


def test_channels_that_work_are_good_and_nobody_is_written_to(sound):
    with MailServer() as mail, Receiver(answer=b'{"ok": true, "result": {}}') as api:
        environment = {
            **telegram(api),
            "EMAIL_URL": f"smtp://127.0.0.1:{mail.port}",
            "DEFAULT_FROM_EMAIL": "control@example.com",
        }
        found = findings(sound, **environment)[1]
    assert {found[name]["verdict"] for name in ("Telegram", "Mail", "Told outside")} == {"ok"}
    assert [got.path.rpartition("/")[2] for got in api.got] == ["getMe", "getChat"]
    assert mail.got == []


@pytest.mark.parametrize(
    ("status", "answer", "verdict", "fix"),
    [
        (400, b"no_text", "ok", None),
        (404, b"no_service", "error", "MC_SLACK_WEBHOOK_URL"),
        (500, b"later", "warning", "MC_SLACK_WEBHOOK_URL"),
    ],
)
def test_a_webhook_of_slack(sound, status, answer, verdict, fix):
    with Receiver(status=status, answer=answer) as slack:
        line = findings(sound, MC_SLACK_WEBHOOK_URL=slack.url)[1]["Slack"]
    assert line["verdict"] == verdict
    assert line["fix"] is None if fix is None else fix in line["fix"]
    assert slack.got[0].body == {}


def test_a_bot_that_nobody_knows(sound):
    with Receiver(status=401, answer=b'{"ok": false}') as api:
        code, found = findings(sound, **telegram(api))
    assert (code, found["Telegram"]["verdict"]) == (1, "error")
    assert "MC_TELEGRAM_BOT_TOKEN" in found["Telegram"]["fix"]
    assert BOT not in json.dumps(found)


def test_ways_out_that_lead_nowhere(sound):
    environment = {
        "MC_TELEGRAM_API_URL": "http://127.0.0.1:1",
        "MC_TELEGRAM_BOT_TOKEN": BOT,
        "MC_SLACK_WEBHOOK_URL": "http://127.0.0.1:1/services/secret-of-slack",
        "EMAIL_URL": "smtp://me:secret-of-mail@127.0.0.1:1",
    }
    code, found = findings(sound, **environment)
    assert code == 1
    assert {found[name]["verdict"] for name in ("Telegram", "Slack", "Mail")} == {"error"}
    assert not any(secret in json.dumps(found) for secret in (BOT, "secret-of-slack", "secret-of-mail"))
