"""Real workers: one that is killed while it runs a job, two that ask for the same ones, and one that was away."""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager

import pytest

from tests.server import Server
from tests.webhooks.receiver import Receiver

TELL = """
from django.utils import timezone
from activity.services import record
from core.actors import system
from governance.services.operators import note_to_operator
from notifications.services import post
notes = note_to_operator(1, type="approval_request", title="Deploy?", text="Now")
record(*post(notes, actor=system(1), now=timezone.now()))
"""
# As if the claims of the dead had lapsed.
FORGET_CLAIMS = """
from django.utils import timezone
from notifications.models import Notification
Notification.objects.filter(delivered_at=None).update(next_attempt_at=timezone.now())
"""
MISSED = """
from datetime import timedelta
from django.utils import timezone
from system.models import JobRecord
from system.services.scheduler import enter_jobs
enter_jobs(now=timezone.now())
JobRecord.objects.update(next_run=timezone.now() - timedelta(days=3))
"""
SENT = b'{"ok":true,"result":{"message_id":77}}'
DIED = ("notification_delivery", "The worker died while it ran")
ON_DEMAND = {"claude_session_scan", "notification_delivery", "permission_expirer", "search_index"}
# In these tests nothing else takes its turn twice.
OFTEN = {"agent_heartbeat", "loop_detector"}


def until(happened, seconds=90, pause=0.1):
    end = time.monotonic() + seconds
    while not (found := happened()):
        assert time.monotonic() < end
        time.sleep(pause)
    return found


def runs(server):
    """(job, message) of every run, in order."""
    return server.query("SELECT job, message FROM system_jobrun ORDER BY id")


@pytest.fixture(params=["sqlite", "postgres"])
def environment(request):
    here = {"MC_JOB_LEASE_SECONDS": "3"}
    if request.param == "postgres":
        here["DATABASE_URL"] = request.getfixturevalue("postgres").create(f"jobs-{request.node.name[:20]}")
    return here


@contextmanager
def pair(environment):
    """Two workers of machines of their own, with one database."""
    with ExitStack() as stack:
        first = stack.enter_context(Server(**environment))
        shared = {} if "DATABASE_URL" in environment else {"MISSION_CONTROL_DB_PATH": str(first.database)}
        second = stack.enter_context(Server(**environment, **shared))
        yield first, second


@contextmanager
def busy(environment):
    """A worker that is telling somebody something, and the one who listens, slowly."""
    with Receiver(answer=SENT, slow=60) as telegram:
        told = {
            "MC_TELEGRAM_BOT_TOKEN": "1:a-token-of-a-bot",
            "MC_TELEGRAM_CHAT_ID": "5",
            "MC_TELEGRAM_API_URL": f"http://127.0.0.1:{telegram.port}",
        }
        with Server(worker=True, **environment, **told) as server:
            server.django(TELL)
            until(lambda: telegram.got)
            yield server, telegram


def test_a_job_whose_worker_is_killed_is_taken_over(environment):
    with busy(environment) as (server, telegram):
        server.kill("worker")
        assert server.query("SELECT id FROM system_jobrecord WHERE running_since IS NOT NULL")
        telegram.slow = 0
        server.start("worker")
        until(lambda: DIED in runs(server))
        server.django(FORGET_CLAIMS)
        until(lambda: server.query("SELECT id FROM notifications_notification WHERE delivered_at IS NOT NULL"))
        until(lambda: ("notification_delivery", "Delivered 1 notifications, 0 failed") in runs(server))
        assert runs(server).count(DIED) == 1
        assert not server.query("SELECT id FROM system_jobrecord WHERE running_since IS NOT NULL")
        shown = server.ask("GET", "/api/v1/notifications")[1]["notifications"][0]
        logs = server.log_of("worker") + server.log_of("web")
    assert (shown["status"], shown["externalId"], shown["channel"]) == ("DELIVERED", "77", "TELEGRAM")
    assert len(telegram.got) == 2
    assert "a-token-of-a-bot" not in logs


def test_a_worker_that_is_told_to_end_finishes_what_it_is_at():
    with busy({}) as (server, _):
        worker = server.processes["worker"]
        worker.terminate()
        worker.wait(60)
        assert ("notification_delivery", "Delivered 0 notifications, 1 failed") in runs(server)
        assert not server.query("SELECT id FROM system_jobrecord WHERE running_since IS NOT NULL")
        assert "Traceback" not in server.log_of("worker")


def test_two_workers_run_a_turn_once_and_what_was_missed_once(environment):
    with pair(environment) as (first, second):
        status, _ = first.ask("PUT", "/api/settings", {"settings": {"general.auto_backup": True}})
        assert status == 200
        first.django(MISSED)
        for server in (first, second):
            server.start("worker")
        tasks = first.ask("GET", "/api/scheduler")[1]["tasks"]
        wanted = {id for (id,) in first.query("SELECT id FROM system_jobrecord")} - ON_DEMAND - {"auto_cleanup"}
        assert {"auto_backup", "liveness", "standup"} <= wanted
        until(lambda: wanted <= {job for job, _ in runs(first)})
        # Long enough for many ticks of both.
        time.sleep(4)
        ran = [job for job, _ in runs(first)]
        messages = dict(runs(first))
    assert len(tasks) == 5
    assert {job: ran.count(job) for job in wanted - OFTEN} == dict.fromkeys(wanted - OFTEN, 1)
    assert "auto_cleanup" not in ran
    if "DATABASE_URL" not in environment:
        assert messages["auto_backup"].startswith("Backup created (")


def test_a_job_is_triggered_while_it_is_switched_off():
    with Server(worker=True) as server:
        server.ask("PUT", "/api/settings", {"settings": {"general.agent_heartbeat": False}})
        status, answer = server.ask("POST", "/api/scheduler", {"task_id": "agent_heartbeat"})
        assert (status, answer) == (200, {"ok": True, "message": "All agents healthy"})
        [task] = [task for task in server.ask("GET", "/api/scheduler")[1]["tasks"] if task["id"] == "agent_heartbeat"]
        assert (task["enabled"], task["lastRun"]) == (False, None)
        assert runs(server).count(("agent_heartbeat", "All agents healthy")) == 1
